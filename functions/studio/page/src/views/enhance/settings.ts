// What a request of this view is made with, and what its answer is called.

import { keep } from "../../lib/history.ts";
import { compress, type Picture } from "../../lib/picture.ts";
import type { Answer, Options } from "../../lib/send.ts";
import { bytes } from "../../lib/words.ts";

/** Whether the page makes a picture smaller before it is sent: longer side in pixels, JPEG quality 0..1. */
export interface Shrink {
  on: boolean;
  side: number;
  quality: number;
}

export interface Settings {
  options: Options;
  shrink: Shrink;
}

/** Whether two settings ask for the same. */
export function alike(one: Settings, other: Settings): boolean {
  return told(one) === told(other);
}

function told({ options, shrink }: Settings): string {
  return JSON.stringify([Object.entries(options).sort(), shrink.on && [shrink.side, shrink.quality]]);
}

/** The picture as it will be sent: the same object, or a smaller one with an address of its own. */
export async function prepared(picture: Picture, shrink: Shrink): Promise<Picture> {
  return shrink.on ? compress(picture, shrink.side, shrink.quality, bytes) : picture;
}

/** Into the history. */
export function kept(name: string, before: Blob, { ask, body, seconds, model }: Answer): Promise<void> {
  return keep({ fn: ask.fn.name, name, options: ask.options, seconds, model, before, after: body });
}
