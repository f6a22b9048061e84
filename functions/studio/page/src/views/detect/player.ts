// Plays a video no further than it is known what is in it, and gives the scene the boxes of the frame that is seen.

import { effect, signal, type Signal } from "@preact/signals";
import { eachFrame } from "./frames.ts";
import type { Scene } from "./scene.ts";
import type { VideoRun } from "./video-run.ts";

/** After a wait for lines it goes on once so many seconds lie ahead. */
const AHEAD = 0.25;

export class Player {
  /** Whether the person wants it to play; it may be waiting for lines all the same. */
  readonly playing: Signal<boolean> = signal(false);
  readonly waiting: Signal<boolean> = signal(false);
  /** Seconds. */
  readonly time: Signal<number> = signal(0);
  /** The number of the frame that is seen. */
  readonly index: Signal<number | null> = signal(null);
  readonly #run: VideoRun;
  readonly #scene: Scene;
  /** None where the browser can't play the file: then a clock of its own runs over a blank. */
  #video: HTMLVideoElement | null = null;
  /** When the first frame is shown by the element's clock. */
  #first: number | null = null;
  #last = 0;
  #ended: () => void;

  constructor(run: VideoRun, scene: Scene) {
    this.#run = run;
    this.#scene = scene;
    run.follow = () => this.#more();
    this.#ended = effect(() => {
      const info = run.info.value;
      if (info) scene.size.value = info;
    });
  }

  /** Takes the element that shows the video, or none; gives what lets go of it. */
  attach(video: HTMLVideoElement | null): () => void {
    this.#video = video;
    if (video && this.time.peek() > 0) this.#place(this.time.peek());
    const ended = () => {
      if (this.#run.end.peek()) this.pause();
    };
    video?.addEventListener("ended", ended);
    const quiet = this.#listen();
    return () => {
      video?.removeEventListener("ended", ended);
      quiet();
      if (this.#video === video) this.#video = null;
    };
  }

  play(): void {
    this.playing.value = true;
    if (this.#over()) this.seek(0);
    this.#last = 0;
    this.#go();
  }

  pause(): void {
    this.playing.value = false;
    this.waiting.value = false;
    this.#video?.pause();
    this.#scene.settle();
  }

  /** Shows another second, among those that are done. */
  seek(time: number): void {
    const to = Math.max(0, Math.min(time, this.#run.until ?? 0));
    this.#place(to);
    this.#show(to);
    this.#scene.settle();
  }

  /** As if nothing had been played. */
  rewind(): void {
    this.pause();
    this.time.value = 0;
    this.index.value = null;
    this.#place(0);
  }

  end(): void {
    this.pause();
    this.#ended();
    this.#run.follow = () => undefined;
  }

  /** Whether it may go on to the frame after this second. */
  #mayPass(time: number, ahead: number): boolean {
    const { until, step, end } = this.#run;
    return until !== null && ((end.peek() !== null && this.#run.whole) || time + Math.max(step, ahead) <= until + 0.001);
  }

  /** Whether it stands at its end, and nothing more will come. */
  #over(): boolean {
    const [time, until, busy] = [this.time.peek(), this.#run.until, this.#run.run.busy.peek()];
    return this.#video?.ended || (!busy && until !== null && (!this.#mayPass(time, 0) || (!this.#video && time >= until)));
  }

  #go(): void {
    if (!this.playing.peek()) return;
    const busy = this.#run.run.busy.peek();
    if (!this.#mayPass(this.time.peek(), busy ? AHEAD : 0)) {
      if (busy) this.waiting.value = true;
      else this.pause();
      return;
    }
    this.waiting.value = false;
    // Refused (another play or pause came between): the person can press again.
    this.#video?.play().catch(() => undefined);
  }

  /** A line has come, or the end. */
  #more(): void {
    if (this.index.peek() === null) this.#show(0);
    // Without a picture there is nothing to wait for: the newest is shown.
    if (!this.#video && !this.#run.end.peek() && this.playing.peek()) this.#show(this.#run.until ?? 0);
    else if (this.waiting.peek()) this.#go();
  }

  /** Sets the element's clock, into the middle of a frame rather than on its edge. */
  #place(time: number): void {
    if (this.#video) this.#video.currentTime = time > 0 ? time + this.#offset() + this.#run.step / 4 : 0;
  }

  /** A browser's clock may begin before the first frame, where the function's begins with it. */
  #offset(): number {
    return this.#first === null ? 0 : this.#first - (this.#run.frames[0]?.time ?? 0);
  }

  #tick(mediaTime: number): void {
    this.#first ??= mediaTime;
    const time = Math.max(0, mediaTime - this.#offset());
    this.#show(time);
    if (!this.playing.peek() || this.waiting.peek() || this.#mayPass(time, 0)) return;
    this.#video?.pause();
    if (this.#run.run.busy.peek()) this.waiting.value = true;
    else this.pause();
  }

  #show(time: number): void {
    this.time.value = time;
    const frame = this.#run.at(time);
    if (!frame || frame.index === this.index.peek()) return;
    this.index.value = frame.index;
    this.#scene.set(frame.boxes);
  }

  #listen(): () => void {
    if (this.#video) return eachFrame(this.#video, (time) => this.#tick(time));
    let asked = 0;
    const next = (now: number) => {
      asked = requestAnimationFrame(next);
      this.#own(now);
    };
    asked = requestAnimationFrame(next);
    return () => cancelAnimationFrame(asked);
  }

  /** The clock of a video that the browser can't play. */
  #own(now: number): void {
    const passed = this.#last > 0 ? (now - this.#last) / 1000 : 0;
    this.#last = now;
    if (!this.playing.peek() || !this.#run.end.peek()) return;
    const until = this.#run.until ?? 0;
    this.#show(Math.min(this.time.peek() + passed, until));
    if (this.time.peek() >= until) this.pause();
  }
}
