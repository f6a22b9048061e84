// How fast the camera's answers come: frames a second, latency, and what came too late.

/** As many answers are counted. */
const LAST = 20;

export interface Pace {
  /** Answers shown. */
  frames: number;
  /** Answers shown a second; null before the second one. */
  fps: number | null;
  /** Median milliseconds from a frame to its boxes. */
  latency: number | null;
  /** Answers that were older than the newest shown, or failed. */
  dropped: number;
}

export class Watch {
  frames = 0;
  dropped = 0;
  #times: number[] = [];
  #waits: number[] = [];

  /** An answer was shown, so many milliseconds after its frame. */
  shown(wait: number): void {
    this.frames += 1;
    this.#times = [...this.#times.slice(1 - LAST), performance.now()];
    this.#waits = [...this.#waits.slice(1 - LAST), wait];
  }

  /** After a pause the time before it does not count. */
  rest(): void {
    this.#times = [];
  }

  get pace(): Pace {
    const { frames, dropped } = this;
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    const passed = first !== undefined && last !== undefined ? last - first : 0;
    const sorted = [...this.#waits].sort((one, two) => one - two);
    return {
      frames,
      dropped,
      fps: passed > 0 ? ((this.#times.length - 1) * 1000) / passed : null,
      latency: sorted[sorted.length >> 1] ?? null,
    };
  }
}
