// Where in the page we are: the address after the `#`, as `/enhance/lowlight`.

import { signal } from "@preact/signals";

function read(): string[] {
  return location.hash.replace(/^#\/?/, "").split("/").map(decoded).filter(Boolean);
}

/** An address that someone mistyped stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The parts of the address; the first is the view. */
export const place = signal<string[]>(read());

globalThis.addEventListener("hashchange", () => {
  place.value = read();
});

/** The address of a place, for links. */
export function to(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** Goes there. */
export function go(...parts: string[]): void {
  location.hash = to(...parts);
}
