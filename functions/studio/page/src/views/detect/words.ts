// Words that picture, video and camera share.

import { number } from "../../lib/words.ts";

/** A share 0..1 for people: 56 %. */
export function percent(share: number): string {
  return `${number(share * 100)} %`;
}

/** Seconds into a video: 0:07.2 */
export function clock(seconds: number): string {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}
