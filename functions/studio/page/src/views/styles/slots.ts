// What each style (and each pair of styles) was last used for: its own picture, options and result, while the page is open.

import { signal, type Signal } from "@preact/signals";
import { forget, type Picture } from "../../lib/picture.ts";
import { Run } from "../../lib/run.ts";
import type { Answer, Options } from "../../lib/send.ts";

/** A result. */
export interface Made {
  answer: Answer;
  /** The option `style` that it was made with. */
  style: string;
  /** Pixels; 0 where the browser can't show it. */
  width: number;
  height: number;
}

export class Slot {
  readonly picture: Signal<Picture | null> = signal(null);
  readonly options: Signal<Options> = signal({});
  readonly made: Signal<Made | null> = signal(null);
  /** Share of the style of the pair that comes first by name, percent. */
  readonly percent: Signal<number> = signal(50);
  readonly run = new Run();
}

/** How many are kept; then the one that was shown longest ago goes. */
const MOST = 24;
const slots = new Map<string, Slot>();
/** The picture that came in last: a style that has none yet begins with it. */
export const latest: Signal<Picture | null> = signal(null);
let options: Options = {};

function key(first: string, second: string | null): string {
  return second === null ? first : [first, second].sort().join("+");
}

/** The slot of a style or of a pair; the order of a pair does not matter. */
export function slot(first: string, second: string | null): Slot {
  const name = key(first, second);
  const found = slots.get(name) ?? begun();
  slots.delete(name);
  slots.set(name, found);
  for (const [old, { run }] of slots) {
    if (slots.size <= MOST) break;
    if (!run.busy.peek() && old !== name) slots.delete(old);
  }
  tidy();
  return found;
}

function begun(): Slot {
  const slot = new Slot();
  slot.picture.value = latest.peek();
  slot.options.value = options;
  return slot;
}

/** The share of `second`, percent, of a pair's slot. */
export function percent(slot: Slot, first: string, second: string): number {
  return first < second ? 100 - slot.percent.value : slot.percent.value;
}

/** Sets it. */
export function setPercent(slot: Slot, first: string, second: string, value: number): void {
  slot.percent.value = first < second ? 100 - value : value;
}

/** A picture comes in: what a slot's former one became goes. Without a slot it waits for the style that is chosen next. */
export function put(slot: Slot | null, picture: Picture): void {
  if (slot) {
    slot.run.clear();
    slot.made.value = null;
    slot.picture.value = picture;
  }
  latest.value = picture;
  taken.add(picture);
  tidy();
}

/** Other options, also for the styles that are opened next. */
export function setOptions(slot: Slot, value: Options): void {
  slot.options.value = value;
  options = value;
}

const taken = new Set<Picture>();

/** Pictures that no style holds any more give their memory back. */
function tidy(): void {
  const held = new Set([latest.peek(), ...[...slots.values()].map((slot) => slot.picture.peek())]);
  for (const one of taken) {
    if (held.has(one)) continue;
    taken.delete(one);
    forget(one);
  }
}
