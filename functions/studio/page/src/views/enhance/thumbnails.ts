// Small pictures for lists: made one after the other, so that no more than one large picture is decoded at a time.

import type { Signal } from "@preact/signals";

/** Longer side, pixels: twice what is shown, for fine displays. */
const SIDE = 160;

export class Thumbnails {
  #last: Promise<void> = Promise.resolve();
  readonly #gone = new WeakSet<Signal<string | null>>();

  /** Makes one and puts its address into `shown`; where the browser can't, none is shown. */
  make(body: Blob, shown: Signal<string | null>): void {
    this.#last = this.#last.then(async () => {
      if (this.#gone.has(shown)) return;
      const small = await drawn(body).catch(() => null);
      if (small && !this.#gone.has(shown)) shown.value = URL.createObjectURL(small);
    });
  }

  /** Gives its memory back; one that is still to be made is not. */
  forget(shown: Signal<string | null>): void {
    this.#gone.add(shown);
    if (shown.peek()) URL.revokeObjectURL(shown.peek() ?? "");
    shown.value = null;
  }
}

async function drawn(body: Blob): Promise<Blob> {
  const whole = await createImageBitmap(body);
  try {
    const scale = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(whole.width * scale)), Math.max(1, Math.round(whole.height * scale)));
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.imageSmoothingQuality = "high";
    context.drawImage(whole, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: "image/webp", quality: 0.8 });
  } finally {
    whole.close();
  }
}
