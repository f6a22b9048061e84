// One picture: asked about once with a low threshold, filtered on the page, drawn by the function when it is to be saved.

import { signal, type Signal } from "@preact/signals";
import type { Fn } from "../../lib/functions.ts";
import { keep } from "../../lib/history.ts";
import { ending, forget, renamed, type Picture } from "../../lib/picture.ts";
import { Run } from "../../lib/run.ts";
import { Problem, type Answer, type Options } from "../../lib/send.ts";
import { LOWEST, MOST, picture as told } from "./boxes.ts";
import { Scene } from "./scene.ts";

/** A picture with its boxes drawn in, and the filters that it was drawn with. */
export interface Drawn {
  body: Blob;
  name: string;
  options: Options;
}

export class PictureWork {
  readonly scene = new Scene(false);
  readonly picture: Signal<Picture | null> = signal(null);
  /** Set by the person beside the filters: network, overlap. */
  readonly options: Signal<Options> = signal({});
  readonly run = new Run();
  readonly answer: Signal<Answer | null> = signal(null);
  readonly drawing = new Run();
  readonly drawn: Signal<Drawn | null> = signal(null);

  /** Another picture takes the place of this one. */
  put(picture: Picture): void {
    this.#empty();
    const before = this.picture.peek();
    this.picture.value = picture;
    this.scene.size.value = picture.width > 0 ? { width: picture.width, height: picture.height } : null;
    if (before) forget(before);
  }

  /** What is asked. */
  asked(): Options {
    return { ...this.options.value, threshold: LOWEST, max_boxes: MOST };
  }

  async detect(fn: Fn): Promise<void> {
    const picture = this.picture.peek();
    if (!picture || this.run.busy.peek()) return;
    const options = this.asked();
    const answer = await this.run.start({ fn, body: picture.body, options, accept: "application/json" });
    if (!answer || picture !== this.picture.peek()) return;
    const found = await answer.body.text().then((text) => told(JSON.parse(text)), () => null).catch(() => null);
    if (!found) {
      this.run.problem.value = new Problem("failed", 0, null);
      return;
    }
    this.#empty();
    this.scene.size.value = found.size;
    this.scene.set(found.boxes);
    this.scene.settle();
    this.answer.value = answer;
    const { seconds, model, body: after } = answer;
    await keep({ fn: fn.name, name: picture.name, options, seconds, model, before: picture.body, after });
  }

  /** The page's filters as the function takes them. */
  filters(): Options {
    const { threshold, names, hidden, shown } = this.scene;
    const ids = hidden.value.size > 0 ? [...new Set(shown.value.map(({ id }) => id))] : [];
    return { ...this.asked(), threshold: threshold.value, names: names.value, ...(ids.length > 0 ? { classes: ids.join(",") } : {}) };
  }

  /** Has the function draw what is shown. Null where it failed or was stopped. */
  async draw(fn: Fn): Promise<Drawn | null> {
    const picture = this.picture.peek();
    if (!picture || this.drawing.busy.peek()) return null;
    const options = this.filters();
    const answer = await this.drawing.start({ fn, body: picture.body, options, accept: "image/*" });
    if (!answer || picture !== this.picture.peek()) return null;
    const drawn = { body: answer.body, name: renamed(picture.name, `boxes.${ending(answer.type)}`), options };
    this.drawn.value = drawn;
    return drawn;
  }

  /** Ends what runs and gives the memory back. */
  end(): void {
    this.#empty();
    this.drawing.stop();
    const picture = this.picture.peek();
    if (picture) forget(picture);
    this.picture.value = null;
  }

  #empty(): void {
    this.run.clear();
    this.drawing.clear();
    this.drawn.value = null;
    this.answer.value = null;
    this.scene.clear();
  }
}
