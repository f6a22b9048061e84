// Keys that functions ask for: kept on this device, sent to the function they were entered for and to no other.

import { signal } from "@preact/signals";
import { remember, remembered } from "./device.ts";

/** Whose key it is: the address, since another function may come to have the name. */
interface Owner {
  readonly address: string;
}

/** Counts changes, so that what shows keys is drawn anew. */
export const keysChanged = signal(0);

function place({ address }: Owner): string {
  return `key:${address}`;
}

/** The key for a function; empty where there is none. */
export function keyOf(fn: Owner): string {
  return remembered(place(fn)) ?? "";
}

/** Whether a text can be a key: only signs that a request's head can carry. */
export function isKey(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text.trim());
}

/** Keeps a key for a function; an empty one is forgotten. */
export function keepKey(fn: Owner, key: string): void {
  remember(place(fn), key || null);
  keysChanged.value += 1;
}
