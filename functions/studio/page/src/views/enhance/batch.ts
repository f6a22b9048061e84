// Many pictures with the same settings: two on their way at a time, each with its own state; one that fails stops no other.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Fn } from "../../lib/functions.ts";
import { forget, resultName, type Picture } from "../../lib/picture.ts";
import { send, type Answer, type Progress } from "../../lib/send.ts";
import { zip } from "../../lib/zip.ts";
import { alike, kept, prepared, type Settings } from "./settings.ts";
import { Thumbnails } from "./thumbnails.ts";

/** How many are on their way at a time: as many as the functions' own machine works on. */
const LANES = 2;

/** What was sent and what came back; both lie on the device's disk, not in memory. */
export interface Done {
  stage: "done";
  answer: Answer;
  before: { body: Blob; width: number; height: number };
  settings: Settings;
}

export type State = { stage: "waiting" } | { stage: "going"; progress: Progress | null } | Done | { stage: "failed"; problem: unknown };

export interface Item {
  id: string;
  /** As it came in; its `url` is not kept. */
  picture: Picture;
  /** The address of a small picture of it; null until there is one. */
  thumbnail: Signal<string | null>;
  state: Signal<State>;
  /** Aborted when it is removed. */
  gone: AbortController;
}

/** A run through what is due. */
interface Running {
  /** Null: all that is due. */
  only: Item[] | null;
  settings: Settings;
  stop: AbortController;
  /** How many are on their way. */
  active: number;
  /** Seconds of the runs before this one. */
  before: number;
  begun: number;
}

export class Batch {
  readonly fn: Fn;
  readonly items: Signal<Item[]> = signal([]);
  readonly running: Signal<boolean> = signal(false);
  /** The one that is shown large. */
  readonly opened: Signal<string | null> = signal(null);
  /** Seconds that the requests took so far, all of them together, as a clock on the wall has it. */
  readonly total: Signal<number> = signal(0);
  readonly done: ReadonlySignal<Item[]> = computed(() => this.items.value.filter((item) => item.state.value.stage === "done"));
  readonly failed: ReadonlySignal<Item[]> = computed(() => this.items.value.filter((item) => item.state.value.stage === "failed"));
  /** Share 0..1 of a zip that is being packed; null while none is. */
  readonly packing: Signal<number | null> = signal(null);
  #run: Running | null = null;
  readonly #thumbnails = new Thumbnails();
  readonly #settings: () => Settings;

  constructor(fn: Fn, settings: () => Settings) {
    this.fn = fn;
    this.#settings = settings;
  }

  /** More pictures; where the others are on their way they follow. */
  add(pictures: Picture[]): void {
    const added = pictures.map((picture): Item => {
      forget(picture);
      const item: Item = {
        id: picture.id,
        picture: { ...picture, url: null },
        thumbnail: signal(null),
        state: signal({ stage: "waiting" }),
        gone: new AbortController(),
      };
      if (picture.url) this.#thumbnails.make(picture.body, item.thumbnail);
      return item;
    });
    this.items.value = [...this.items.peek(), ...added];
    if (this.#run) this.#fill(this.#run);
  }

  remove(item: Item): void {
    item.gone.abort();
    this.items.value = this.items.peek().filter((one) => one !== item);
    if (this.opened.peek() === item.id) this.opened.value = null;
    this.#thumbnails.forget(item.thumbnail);
  }

  /** Those that have no answer with these settings yet, and did not fail. */
  due(settings: Settings): Item[] {
    return this.items.value.filter(({ state: { value } }) => value.stage === "waiting" || (value.stage === "done" && !alike(value.settings, settings)));
  }

  /** Sends what is due, or only these. */
  start(only: Item[] | null = null): void {
    if (this.running.peek()) return;
    const settings = this.#settings();
    const again = this.done.peek().some((item) => this.due(settings).includes(item));
    const before = again ? 0 : this.total.peek();
    const run: Running = { only, settings, stop: new AbortController(), active: 0, before, begun: performance.now() };
    this.#run = run;
    this.running.value = true;
    this.#fill(run);
  }

  /** Stops at once; what was on its way waits again. */
  stop(): void {
    this.#run?.stop.abort();
    this.#run = null;
    this.running.value = false;
    for (const { state } of this.items.peek()) if (state.peek().stage === "going") state.value = { stage: "waiting" };
  }

  /** Sends those that failed once more. */
  retry(items: Item[]): void {
    for (const item of items) item.state.value = { stage: "waiting" };
    if (this.#run) this.#fill(this.#run);
    else this.start(items);
  }

  /** All answers in one file. */
  async pack(): Promise<Blob> {
    const files = this.done.peek().flatMap(({ picture, state }) => {
      const value = state.peek();
      return value.stage === "done" ? [{ name: resultName(picture.name, this.fn.name, value.answer.type), body: value.answer.body }] : [];
    });
    this.packing.value = 0;
    try {
      return await zip(files, (count) => {
        this.packing.value = count / files.length;
      });
    } finally {
      this.packing.value = null;
    }
  }

  /** Nothing of it is needed any more. */
  end(): void {
    this.stop();
    for (const item of this.items.peek()) this.#thumbnails.forget(item.thumbnail);
    this.items.value = [];
  }

  /** Puts as many on their way as there is room for; the last one ends the run. */
  #fill(run: Running): void {
    if (this.#run !== run) return;
    while (run.active < LANES) {
      const item = this.due(run.settings).find((one) => run.only?.includes(one) ?? true);
      if (!item) break;
      run.active += 1;
      void this.#one(item, run).finally(() => {
        run.active -= 1;
        if (this.#run === run) this.total.value = run.before + (performance.now() - run.begun) / 1000;
        this.#fill(run);
      });
    }
    if (run.active === 0) {
      this.#run = null;
      this.running.value = false;
    }
  }

  async #one(item: Item, { settings, stop }: Running): Promise<void> {
    const { picture, state } = item;
    const signal = AbortSignal.any([stop.signal, item.gone.signal]);
    const set = (next: State) => {
      if (!signal.aborted) state.value = next;
    };
    set({ stage: "going", progress: null });
    let sent = picture;
    try {
      sent = await prepared(picture, settings.shrink);
      const progress = (at: Progress) => set({ stage: "going", progress: at });
      const answer = await send({ fn: this.fn, body: sent.body, options: settings.options, accept: "image/*", signal, progress });
      if (signal.aborted) return;
      set({ stage: "done", answer, before: { body: sent.body, width: sent.width, height: sent.height }, settings });
      await kept(picture.name, sent.body, answer);
    } catch (problem) {
      set({ stage: "failed", problem });
    } finally {
      if (sent !== picture) forget(sent);
    }
  }
}
