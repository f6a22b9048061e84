// What the page's own server tells: version, where feedback goes, the page's public address.

import { signal } from "@preact/signals";

export interface About {
  version: string;
  /** An address for feedback, set by the operator. */
  feedback: string | null;
  /** The page's address as the operator knows it; null: the one it was opened by. */
  page: string | null;
}

export const about = signal<About | null>(null);

/** Fetches it; without network it stays as it is. */
export async function loadAbout(): Promise<void> {
  try {
    const response = await fetch("about.json");
    if (response.ok) about.value = (await response.json()) as About;
  } catch {
    // Shown without.
  }
}

/** The page's address, for a QR code: without what stands after `#`. */
export function pageAddress(): string {
  return about.value?.page ?? location.href.split("#")[0] ?? "";
}
