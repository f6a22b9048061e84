// The video of the moment, its run and its player, and what is set before it is sent.

import { signal, type Signal } from "@preact/signals";
import type { Fn } from "../../lib/functions.ts";
import type { Options } from "../../lib/send.ts";
import { Player } from "./player.ts";
import { Scene } from "./scene.ts";
import { VideoRun } from "./video-run.ts";

/** A video that has come in. */
export interface Video {
  run: VideoRun;
  player: Player;
  /** An object URL. */
  url: string;
}

export class VideoWork {
  readonly scene = new Scene(true);
  readonly video: Signal<Video | null> = signal(null);
  /** Whether the browser can play it; null until it has tried. */
  readonly playable: Signal<boolean | null> = signal(null);
  /** Classes that are looked for, by their English names; none: all. */
  readonly classes: Signal<readonly string[]> = signal([]);
  /** Set by the person beside the filters. */
  readonly options: Signal<Options> = signal({});

  /** Another video takes the place of this one. */
  put(file: File): void {
    this.end();
    const run = new VideoRun(file);
    this.video.value = { run, player: new Player(run, this.scene), url: URL.createObjectURL(file) };
  }

  /** Sends it; the filters of the moment are told to the function. */
  async detect(fn: Fn): Promise<void> {
    const video = this.video.peek();
    if (!video) return;
    const { threshold, names } = this.scene;
    video.player.rewind();
    this.scene.clear();
    video.player.playing.value = true;
    video.player.waiting.value = true;
    const classes = this.classes.peek().join(",");
    await video.run.start(fn, { ...this.options.peek(), threshold: threshold.peek(), names: names.peek(), ...(classes ? { classes } : {}) });
  }

  /** Ends what runs and gives the memory back. */
  end(): void {
    const video = this.video.peek();
    video?.run.stop();
    video?.player.end();
    if (video) URL.revokeObjectURL(video.url);
    this.video.value = null;
    this.playable.value = null;
    this.scene.clear();
  }
}
