// Camera frames on their way to the function and back: a few at a time, the newest answer wins.

import { signal, type Signal } from "@preact/signals";
import type { Address } from "../../lib/address.ts";
import type { Fn } from "../../lib/functions.ts";
import { Problem, send } from "../../lib/send.ts";
import { words } from "../../lib/words.ts";
import { LOWEST, MOST, picture } from "./boxes.ts";
import { cameras, close, open, other, type Facing } from "./eye.ts";
import { eachFrame } from "./frames.ts";
import { Grabber } from "./grab.ts";
import { Watch, type Pace } from "./pace.ts";
import { Scene } from "./scene.ts";

const say = words({ gone: "The camera was switched off." }, { gone: "摄像头已被关闭。" });

/** So many failures one after the other end it. */
const PATIENCE = 5;
/** Milliseconds between two looks at the numbers. */
const CALM = 250;

type Found = ReturnType<typeof picture>;

export type CameraState = "off" | "opening" | "on" | "paused";

export class CameraWork {
  readonly scene = new Scene(true);
  readonly state: Signal<CameraState> = signal("off");
  readonly problem: Signal<unknown> = signal(null);
  /** How many requests may be on their way at once. */
  readonly most: Signal<number> = signal(2);
  /** Whether there is another camera to switch to. */
  readonly several: Signal<boolean> = signal(false);
  readonly pace: Signal<Pace> = signal(new Watch().pace);
  readonly #fn: Fn;
  readonly #stage: () => HTMLElement | null;
  #video: HTMLVideoElement | null = null;
  /** What is seen: the frame that the boxes belong to. */
  #shown: ImageBitmapRenderingContext | null = null;
  #stream: MediaStream | null = null;
  #facing: Facing = "environment";
  #watch = new Watch();
  #grabber = new Grabber();
  /** Ends the requests since the camera was opened, or played on. */
  #stop = new AbortController();
  #quiet: () => void = () => undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** A frame that was not sent yet; one that is being made ready; those on their way. */
  #fresh = false;
  #grabbing = false;
  #inFlight = 0;
  #number = 0;
  #newest = 0;
  /** The address that the frames go to, since the camera was opened or played on. */
  #at: Address | undefined;
  #failures = 0;
  #notBefore = 0;

  /** `stage`: the element whose data tell the numbers. */
  constructor(fn: Fn, stage: () => HTMLElement | null) {
    this.#fn = fn;
    this.#stage = stage;
  }

  /** `video` takes the stream, unseen; `frame` shows the frames that were answered. */
  async start(video: HTMLVideoElement, frame: HTMLCanvasElement): Promise<void> {
    this.stop();
    this.#video = video;
    this.#shown = frame.getContext("bitmaprenderer");
    this.#watch = new Watch();
    this.#tell();
    await this.#take(() => open({ facing: this.#facing }));
  }

  /** The camera on the other side. */
  async turn(): Promise<void> {
    const stream = this.#stream;
    if (!stream || this.state.peek() === "opening") return;
    this.#facing = this.#facing === "user" ? "environment" : "user";
    this.#let();
    await this.#take(() => other(stream, this.#facing));
  }

  /** The frame that is seen stands, with its boxes; what is on its way is not waited for. */
  pause(): void {
    if (this.state.peek() !== "on") return;
    this.#let();
    this.#video?.pause();
    this.state.value = "paused";
    this.scene.settle();
    this.#tell();
  }

  /** Goes on with what the camera sees now. */
  play(): void {
    const video = this.#video;
    if (this.state.peek() !== "paused" || !video) return;
    this.problem.value = null;
    this.#watch.rest();
    this.#begin(video);
    video.play().catch(() => undefined);
  }

  /** Gives the camera back; nothing is on its way any more. */
  stop(): void {
    this.#let();
    close(this.#stream);
    this.#stream = null;
    if (this.#video) this.#video.srcObject = null;
    this.#shown?.transferFromImageBitmap(null);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.state.value = "off";
    this.problem.value = null;
    this.scene.clear();
  }

  /** Opens by `how` and begins to look. */
  async #take(how: () => Promise<MediaStream>): Promise<void> {
    const [stop, video] = [new AbortController(), this.#video];
    this.#stop = stop;
    this.problem.value = null;
    this.state.value = "opening";
    try {
      const stream = await how();
      if (stop.signal.aborted || !video) return close(stream);
      this.#stream = stream;
      for (const track of stream.getTracks()) track.addEventListener("ended", () => stream === this.#stream && this.#fail(new Error(say("gone"))));
      video.srcObject = stream;
      await video.play();
      if (stop.signal.aborted) return;
      this.#begin(video);
      this.several.value = (await cameras()).length > 1;
    } catch (cause) {
      if (!stop.signal.aborted) this.#fail(cause);
    }
  }

  #begin(video: HTMLVideoElement): void {
    this.#stop = new AbortController();
    this.state.value = "on";
    this.#quiet = eachFrame(video, () => {
      this.#fresh = true;
      this.#pump();
    });
  }

  #fail(cause: unknown): void {
    this.stop();
    this.problem.value = cause;
  }

  /** Nothing that is on its way is waited for any more. */
  #let(): void {
    this.#stop.abort();
    this.#quiet();
    [this.#inFlight, this.#newest, this.#failures, this.#notBefore] = [0, this.#number, 0, 0];
    this.#fresh = false;
    this.#at = undefined;
  }

  /** Sends the frame of the moment if it is new and there is room. */
  #pump(): void {
    if (!this.#fresh || this.#grabbing || this.#inFlight >= this.most.peek() || this.state.peek() !== "on") return;
    if (performance.now() < this.#notBefore) return;
    this.#fresh = false;
    void this.#look();
  }

  async #look(): Promise<void> {
    const [stop, number, begun] = [this.#stop, (this.#number += 1), performance.now()];
    this.#grabbing = true;
    // A frame that can't be had (the camera is just being switched) is passed over: the next one comes.
    const grabbed = this.#video && await this.#grabber.grab(this.#video).catch(() => null);
    this.#grabbing = false;
    if (!grabbed) return;
    const { frame, body } = grabbed;
    if (stop.signal.aborted) return frame.close();
    this.#inFlight += 1;
    this.#tell();
    let found: Found = null;
    let problem: unknown = null;
    try {
      const asked = send({
        fn: this.#fn, at: this.#at, body, options: { threshold: LOWEST, max_boxes: MOST }, accept: "application/json",
        headers: { "cache-control": "no-store" }, once: true, signal: stop.signal,
      });
      // The next frame is made ready while this one is away.
      this.#pump();
      const answer = await asked;
      if (!stop.signal.aborted) this.#at = answer.ask.at;
      found = picture(JSON.parse(await answer.body.text()));
    } catch (cause) {
      problem = cause;
    }
    if (stop.signal.aborted) return frame.close();
    this.#inFlight -= 1;
    if (found && number > this.#newest) {
      this.#show(number, frame, found, performance.now() - begun);
    } else {
      frame.close();
      this.#watch.dropped += 1;
      if (!found) this.#missed(problem instanceof Problem ? problem : new Problem("failed", 0, null));
    }
    this.#tell();
    this.#pump();
  }

  #show(number: number, frame: ImageBitmap, { boxes, size }: NonNullable<Found>, wait: number): void {
    this.#failures = 0;
    this.#newest = number;
    this.#shown?.transferFromImageBitmap(frame);
    const before = this.scene.size.peek();
    if (before?.width !== size.width || before.height !== size.height) this.scene.size.value = size;
    this.scene.set(boxes);
    this.#watch.shown(wait);
  }

  /** A frame without an answer: a busy function is left alone for a moment, one that goes on failing ends it. */
  #missed(problem: Problem): void {
    this.#failures += 1;
    const busy = problem.why === "busy" || problem.why === "notReady";
    this.#notBefore = performance.now() + (busy ? 1000 : 300);
    if (this.#failures < PATIENCE) return;
    this.pause();
    this.problem.value = problem;
  }

  /** The numbers: at once as data, a few times a second on the page. */
  #tell(): void {
    const stage = this.#stage();
    const { frames, fps, latency, dropped } = this.#watch.pace;
    if (stage) {
      Object.assign(stage.dataset, {
        frames: String(frames), fps: (fps ?? 0).toFixed(2), latency: (latency ?? 0).toFixed(1), dropped: String(dropped), inflight: String(this.#inFlight),
      });
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.pace.value = this.#watch.pace;
    }, CALM);
  }
}
