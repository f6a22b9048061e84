// Keys that functions ask for: kept on this device, sent to the function they were entered for and to no other.

import { signal } from "@preact/signals";
import { remember, remembered } from "./device.ts";

/** Whose key it is: by the addresses, since another function may come to have the name. */
interface Owner {
  readonly addresses: readonly { readonly url: string }[];
}

/** Counts changes, so that what shows keys is drawn anew. */
export const keysChanged = signal(0);

function places({ addresses }: Owner): string[] {
  return addresses.map(({ url }) => `key:${url}`);
}

/** The key for a function; empty where there is none. */
export function keyOf(fn: Owner): string {
  return places(fn).map(remembered).find(Boolean) ?? "";
}

/** Whether a text can be a key: only signs that a request's head can carry. */
export function isKey(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text.trim());
}

/** Keeps a key for a function; an empty one is forgotten. */
export function keepKey(fn: Owner, key: string): void {
  for (const place of places(fn)) remember(place, key || null);
  keysChanged.value += 1;
}
