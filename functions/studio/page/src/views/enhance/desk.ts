// What a function of this view has on its desk while the page is open: its picture, its settings, what it answered.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Fn } from "../../lib/functions.ts";
import type { Trail } from "../../lib/handed.ts";
import { forget, measure, resultName, type Picture } from "../../lib/picture.ts";
import { Run } from "../../lib/run.ts";
import type { Answer, Options } from "../../lib/send.ts";
import { Batch } from "./batch.ts";
import { alike, kept, prepared, type Settings, type Shrink } from "./settings.ts";

export interface Result {
  answer: Answer;
  /** What was sent: the picture, or a smaller one made of it. */
  sent: Picture;
  /** The file's name with what was done to it. */
  name: string;
  /** Pixels of the answer; null where the browser can't read it. */
  size: { width: number; height: number } | null;
  settings: Settings;
  trail: Trail;
}

export class Desk {
  readonly fn: Fn;
  readonly picture: Signal<Picture | null> = signal(null);
  /** How the picture came to be; null: it is as it came in. */
  readonly trail: Signal<Trail | null> = signal(null);
  readonly options: Signal<Options> = signal({});
  readonly shrink: Signal<Shrink> = signal({ on: false, side: 1600, quality: 0.85 });
  readonly result: Signal<Result | null> = signal(null);
  /** Several pictures at once, in place of the one. */
  readonly batch: Signal<Batch | null> = signal(null);
  readonly run: Run = new Run();
  /** What is going on between the press of the button and the result's picture; null: nothing. */
  readonly step: Signal<"shrinking" | "asking" | "opening" | null> = signal(null);
  /** Whether the result was made with the settings of the moment. */
  readonly current: ReadonlySignal<boolean> = computed(() => {
    const made = this.result.value;
    return made === null || alike(made.settings, this.settings());
  });
  #turn = 0;

  constructor(fn: Fn) {
    this.fn = fn;
  }

  settings(): Settings {
    return { options: this.options.value, shrink: this.shrink.value };
  }

  /** Another picture in place of what was here. */
  open(picture: Picture, trail: Trail | null = null): void {
    this.stop();
    this.run.clear();
    this.#forgetResult();
    const last = this.picture.peek();
    if (last) forget(last);
    this.batch.value?.end();
    this.batch.value = null;
    this.picture.value = picture;
    this.trail.value = trail;
  }

  /** What came in: one picture, or several. */
  take(pictures: Picture[]): void {
    const [one] = pictures;
    const batch = this.batch.peek();
    if (batch) return batch.add(pictures);
    if (pictures.length === 1 && one) return this.open(one);
    if (pictures.length === 0) return;
    this.close();
    const begun = new Batch(this.fn, () => this.settings());
    begun.add(pictures);
    this.batch.value = begun;
  }

  /** An empty desk; the settings stay. */
  close(): void {
    this.stop();
    this.run.clear();
    this.#forgetResult();
    const last = this.picture.peek();
    if (last) forget(last);
    this.picture.value = null;
    this.trail.value = null;
    this.batch.value?.end();
    this.batch.value = null;
  }

  async enhance(): Promise<void> {
    const picture = this.picture.peek();
    if (!picture || this.step.peek()) return;
    this.#turn += 1;
    const turn = this.#turn;
    const settings = this.settings();
    const from = this.trail.peek();
    this.step.value = settings.shrink.on ? "shrinking" : "asking";
    this.run.problem.value = null;
    let sent: Picture | null = null;
    let used = false;
    try {
      sent = await prepared(picture, settings.shrink);
      if (turn !== this.#turn) return;
      this.step.value = "asking";
      const answer = await this.run.start({ fn: this.fn, body: sent.body, options: settings.options, accept: "image/*" });
      if (!answer || turn !== this.#turn) return;
      this.step.value = "opening";
      const size = await measure(answer.body);
      if (turn !== this.#turn) return;
      this.#forgetResult();
      const trail = {
        functions: [...(from?.functions ?? []), this.fn.name],
        first: from?.first ?? { body: picture.body, width: picture.width, height: picture.height },
      };
      this.result.value = { answer, sent, name: resultName(picture.name, this.fn.name, answer.type), size, settings, trail };
      used = true;
      void kept(picture.name, sent.body, answer);
    } catch (cause) {
      if (turn === this.#turn) this.run.problem.value = cause;
    } finally {
      if (sent && sent !== picture && !used) forget(sent);
      if (turn === this.#turn) this.step.value = null;
    }
  }

  stop(): void {
    this.#turn += 1;
    this.run.stop();
    this.step.value = null;
  }

  #forgetResult(): void {
    const last = this.result.peek();
    this.result.value = null;
    if (last && last.sent !== this.picture.peek()) forget(last.sent);
  }
}

const desks = new Map<string, Desk>();

/** The desk of a function. */
export function deskOf(fn: Fn): Desk {
  const found = desks.get(fn.name);
  if (found) return found;
  const made = new Desk(fn);
  desks.set(fn.name, made);
  return made;
}
