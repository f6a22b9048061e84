// What happened, for those who don't see it and for those who do: one live region, one line of text at the foot of the page.

import { signal } from "@preact/signals";

export interface Telling {
  text: string;
  /** Counts, so that the same sentence twice is told twice. */
  count: number;
}

export const telling = signal<Telling>({ text: "", count: 0 });

/** Tells a person that something was done (copied, kept, stopped). Failures stand where they happened, not here. */
export function tell(text: string): void {
  telling.value = { text, count: telling.peek().count + 1 };
}
