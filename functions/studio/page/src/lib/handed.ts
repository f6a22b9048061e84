// A picture handed from one view to another: "use as the next input", a thing of the history opened again.

import { signal } from "@preact/signals";
import type { Options } from "./send.ts";

export interface Handed {
  body: Blob;
  name: string;
  /** The function that it is for; none: the view that opens next. */
  fn?: string;
  /** The options to begin with; none: the view's own. */
  options?: Options;
  /** How the picture came to be; none: it is as it was taken. */
  trail?: Trail;
}

/** The functions that a picture went through, one after the other, and what stood at the beginning. */
export interface Trail {
  functions: string[];
  first: { body: Blob; width: number; height: number };
}

/** What lies ready for the view that opens next; it takes it and sets this to null. */
export const handed = signal<Handed | null>(null);

/** Takes what lies ready for a function; what is for another stays. */
export function take(fn?: string): Handed | null {
  const ready = handed.peek();
  if (!ready || (ready.fn && fn && ready.fn !== fn)) return null;
  handed.value = null;
  return ready;
}
