// Keys that functions ask for: kept on this device, sent to the function they were entered for and to no other.

import { signal } from "@preact/signals";

const PREFIX = "key:";

/** Counts changes, so that what shows keys is drawn anew. */
export const keysChanged = signal(0);

/** The key for a function; empty where there is none. */
export function keyOf(name: string): string {
  return localStorage.getItem(PREFIX + name) ?? "";
}

/** Keeps a key for a function; an empty one is forgotten. */
export function keepKey(name: string, key: string): void {
  if (key) localStorage.setItem(PREFIX + name, key);
  else localStorage.removeItem(PREFIX + name);
  keysChanged.value += 1;
}
