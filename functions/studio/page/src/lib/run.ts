// One request at a time from one place of the page: its progress, its answer or its problem, and its stop.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { send, type Answer, type Ask, type Progress } from "./send.ts";

/** What became of the request that was started last. */
export class Run {
  readonly progress: Signal<Progress | null> = signal(null);
  readonly answer: Signal<Answer | null> = signal(null);
  readonly problem: Signal<unknown> = signal(null);
  readonly busy: ReadonlySignal<boolean> = computed(() => this.progress.value !== null);
  #stop: AbortController | null = null;

  /** Starts a request; one that is still on its way is stopped. Gives the answer, or null where it was stopped or failed (`problem` tells). */
  async start(ask: Ask): Promise<Answer | null> {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    const mine = () => this.#stop === stop;
    this.problem.value = null;
    this.progress.value = { stage: "sending", sent: 0 };
    try {
      const answer = await send({
        ...ask,
        signal: ask.signal ? AbortSignal.any([ask.signal, stop.signal]) : stop.signal,
        progress: (state) => {
          ask.progress?.(state);
          if (mine()) this.progress.value = state;
        },
      });
      if (!mine()) return null;
      this.answer.value = answer;
      return answer;
    } catch (cause) {
      if (mine() && !(cause instanceof DOMException && cause.name === "AbortError")) this.problem.value = cause;
      return null;
    } finally {
      if (mine()) this.progress.value = null;
    }
  }

  /** Stops the request that is on its way. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = null;
    this.progress.value = null;
  }

  /** As if nothing had been asked. */
  clear(): void {
    this.stop();
    this.answer.value = null;
    this.problem.value = null;
  }
}
