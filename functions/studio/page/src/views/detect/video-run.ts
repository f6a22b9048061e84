// A video on its way through the function: the lines as they come, and the rendered video at the end.

import { signal, type Signal } from "@preact/signals";
import type { Fn } from "../../lib/functions.ts";
import { renamed } from "../../lib/picture.ts";
import { Run } from "../../lib/run.ts";
import { fetchKept, Problem, send, type Ask, type Options, type Progress } from "../../lib/send.ts";
import { boxesOf, count, text, type Box, type Size } from "./boxes.ts";

/** What the first line tells of the video; null where the file does not say. */
export interface Info extends Size {
  fps: number | null;
  frames: number | null;
  /** Seconds. */
  duration: number | null;
}

export interface Frame {
  index: number;
  /** Seconds from the beginning. */
  time: number;
  boxes: readonly Box[];
}

/** The last line. */
export interface End {
  /** Frames a second. */
  fps: number | null;
  /** Why it came early. */
  error: string | null;
  /** The rendered video, where the function keeps it. */
  result: { address: string; bytes: number | null } | null;
}

const RENDERED = "video/x-msvideo";
/** Asked for besides where it is kept. */
const RENDER = { render: "avi" };

export class VideoRun {
  readonly file: File;
  readonly run = new Run();
  readonly info: Signal<Info | null> = signal(null);
  /** How many frames are done; they stand in `frames`, in the order of time. */
  readonly done: Signal<number> = signal(0);
  readonly frames: Frame[] = [];
  readonly end: Signal<End | null> = signal(null);
  /** What was asked: the rendered video has these, whatever the page shows later. */
  readonly asked: Signal<Options | null> = signal(null);
  readonly saving: Signal<Progress | null> = signal(null);
  readonly saveProblem: Signal<unknown> = signal(null);
  /** Called after every frame, and at the end. */
  follow: () => void = () => undefined;
  #begun = 0;
  #stopSaving: AbortController | null = null;

  constructor(file: File) {
    this.file = file;
  }

  /** The request, as it was made. */
  get ask(): Pick<Ask, "at" | "route" | "options" | "accept"> | null {
    const options = this.asked.value;
    return options && { at: this.run.answer.value?.ask.at, route: "video", options, accept: "application/jsonl" };
  }

  /** Whether every frame is done. */
  get whole(): boolean {
    return this.end.value !== null && this.end.value.error === null;
  }

  /** Frames a second: the function's own at the end, before that as they come. */
  get fps(): number | null {
    if (this.end.value) return this.end.value.fps;
    const passed = (performance.now() - this.#begun) / 1000;
    return this.done.value > 0 && passed > 0.2 ? this.done.value / passed : null;
  }

  /** Frames in all, as far as the file says; those that are looked at are fewer with `every` or `max_frames`. */
  get all(): number | null {
    if (this.whole) return this.done.value;
    const frames = this.info.value?.frames ?? null;
    if (frames === null) return null;
    const [every, most] = [Number(this.asked.value?.["every"] ?? 1), Number(this.asked.value?.["max_frames"] ?? Infinity)];
    return Math.min(Math.ceil(frames / every), most);
  }

  /** Seconds between two frames. */
  get step(): number {
    const [one, two] = this.frames;
    const fps = this.info.peek()?.fps;
    return one && two && two.time > one.time ? two.time - one.time : fps ? 1 / fps : 0.04;
  }

  /** The second up to which it is known what is there; nothing yet: null. */
  get until(): number | null {
    return this.frames.at(-1)?.time ?? null;
  }

  /** The frame that is seen at a second. */
  at(time: number): Frame | null {
    let [low, high] = [0, this.frames.length];
    const limit = time + Math.min(0.02, this.step / 2);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.frames[middle]?.time ?? Infinity) <= limit) low = middle + 1;
      else high = middle;
    }
    return this.frames[Math.max(0, low - 1)] ?? null;
  }

  /** Sends the video; what came before of it goes. */
  async start(fn: Fn, options: Options): Promise<void> {
    if (this.run.busy.peek()) return;
    this.stopSaving();
    this.#forget();
    this.asked.value = { ...options, ...(fn.told.value?.store ? RENDER : {}) };
    const answer = await this.run.start({ fn, route: "video", body: this.file, options, stored: RENDER, accept: "application/jsonl", upload: true, line: (line) => this.#take(line) });
    if (answer) this.asked.value = answer.ask.options;
    if (answer && !this.end.peek()) this.run.problem.value = new Problem("cut", 0, null);
    this.follow();
  }

  stop(): void {
    this.run.stop();
    this.stopSaving();
  }

  /** The video with the boxes drawn in; null where it failed (`saveProblem`) or was stopped. */
  async rendered(fn: Fn): Promise<{ body: Blob; name: string } | null> {
    const [end, asked, at] = [this.end.peek(), this.asked.peek(), this.run.answer.peek()?.ask.at];
    if (!end || !asked || this.saving.peek()) return null;
    const stop = new AbortController();
    this.#stopSaving = stop;
    this.saveProblem.value = null;
    const progress = (state: Progress) => {
      if (!stop.signal.aborted) this.saving.value = state;
    };
    progress({ stage: "working" });
    const ask = { fn, accept: RENDERED, signal: stop.signal, progress };
    try {
      const { render: _, ...options } = asked;
      const body = end.result && at
        ? await fetchKept({ ...ask, at }, end.result.address)
        : (await send({ ...ask, at, route: "video", body: this.file, options, upload: true })).body;
      return { body, name: renamed(this.file.name, "boxes.avi") };
    } catch (cause) {
      if (!stop.signal.aborted) this.saveProblem.value = cause;
      return null;
    } finally {
      if (!stop.signal.aborted) this.saving.value = null;
    }
  }

  stopSaving(): void {
    this.#stopSaving?.abort();
    this.saving.value = null;
  }

  #forget(): void {
    this.run.clear();
    this.info.value = null;
    this.frames.length = 0;
    this.done.value = 0;
    this.end.value = null;
    this.saveProblem.value = null;
  }

  #take(line: unknown): void {
    const [width, height, index, time] = ["width", "height", "index", "time"].map((name) => count(line, name));
    const boxes = boxesOf(line);
    if (boxes) {
      // A file without times of its own: by its frames a second.
      const at = time ?? (index ?? this.frames.length) / (this.info.peek()?.fps ?? 25);
      if (this.frames.length === 0) this.#begun = performance.now();
      this.frames.push({ index: index ?? this.frames.length, time: Math.max(at, this.until ?? 0), boxes });
      this.done.value = this.frames.length;
    } else if (!this.info.peek() && width && height) {
      this.info.value = { width, height, fps: count(line, "fps"), frames: count(line, "frames"), duration: count(line, "duration") };
    } else {
      const address = text(line, "result_url");
      this.end.value = { fps: count(line, "fps"), error: text(line, "error"), result: address === null ? null : { address, bytes: count(line, "result_bytes") } };
    }
    this.follow();
  }
}
