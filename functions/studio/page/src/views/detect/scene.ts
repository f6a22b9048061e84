// What is seen in the picture of the moment, and what of it is shown: the one thing that canvas, list and filters share.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { follow, USUAL, type Box, type Size } from "./boxes.ts";

/** Milliseconds between two looks of list and filters, while frames come. */
const CALM = 250;

/** A class that has been found, for the chips. */
export interface Class {
  id: number;
  name: string;
  /** How many there are at this threshold. */
  count: number;
}

export class Scene {
  /** Pixels of the frame; null while there is none. */
  readonly size: Signal<Size | null> = signal(null);
  readonly threshold: Signal<number> = signal(USUAL);
  readonly names: Signal<boolean> = signal(true);
  /** Classes that are not shown. */
  readonly hidden: Signal<ReadonlySet<number>> = signal(new Set());
  /** The box under the pointer or the focus, and the one that was chosen by click or tap. */
  readonly pointed: Signal<Box | null> = signal(null);
  readonly chosen: Signal<Box | null> = signal(null);
  readonly lit: ReadonlySignal<Box | null> = computed(() => this.pointed.value ?? this.chosen.value);
  /** All boxes of the frame; the canvas follows at once, list and filters a few times a second (`calm`). */
  readonly boxes: Signal<readonly Box[]> = signal([]);
  readonly shown: ReadonlySignal<readonly Box[]> = computed(() => this.#pass(this.boxes.value));
  readonly calm: Signal<readonly Box[]> = signal([]);
  readonly listed: ReadonlySignal<readonly Box[]> = computed(() => this.#pass(this.calm.value));
  readonly classes: ReadonlySignal<Class[]> = computed(() => this.#classes());
  /** Classes of earlier frames, so that chips don't come and go. */
  #known = new Map<number, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = 0;

  /** A picture's boxes, or the next frame's. */
  set(boxes: readonly Box[]): void {
    this.pointed.value = follow(this.pointed.peek(), boxes);
    this.chosen.value = follow(this.chosen.peek(), boxes);
    this.boxes.value = boxes;
    for (const { id, name, score } of boxes) if (score >= this.threshold.peek()) this.#known.set(id, name);
    const wait = this.#last + CALM - performance.now();
    if (wait <= 0) this.settle();
    else this.#timer ??= setTimeout(() => this.settle(), wait);
  }

  /** List and filters take the newest at once. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#last = performance.now();
    this.calm.value = this.boxes.peek();
  }

  /** Nothing is there any more; filters stay, but for the classes. */
  clear(): void {
    this.#known.clear();
    this.size.value = null;
    this.hidden.value = new Set();
    this.set([]);
    this.settle();
  }

  /** Shows a class, or hides it. */
  toggle(id: number): void {
    const hidden = new Set(this.hidden.peek());
    if (!hidden.delete(id)) hidden.add(id);
    this.hidden.value = hidden;
  }

  /** Chooses a box, or lets go of it where it is chosen already. */
  choose(box: Box | null): void {
    this.chosen.value = box === this.chosen.peek() ? null : box;
  }

  #pass(boxes: readonly Box[]): readonly Box[] {
    return boxes.filter(({ id, score }) => score >= this.threshold.value && !this.hidden.value.has(id));
  }

  #classes(): Class[] {
    const classes = new Map<number, Class>();
    const add = (id: number, name: string, more: number) => {
      const one = classes.get(id) ?? { id, name, count: 0 };
      one.count += more;
      classes.set(id, one);
    };
    for (const { id, name, score } of this.calm.value) if (score >= this.threshold.value) add(id, name, 1);
    for (const [id, name] of this.#known) if (this.moving || this.hidden.value.has(id)) add(id, name, 0);
    return [...classes.values()].sort((one, two) => one.id - two.id);
  }

  /** Whether frame follows frame. */
  readonly moving: boolean;
  constructor(moving: boolean) {
    this.moving = moving;
  }
}
