// QR codes, read by a library that had no part in drawing them.

import jsqr from "jsqr";
import type { Pixels } from "./pixels.ts";

/** Functions take jsQR for a module with a default inside, or for the function itself. */
const decoder = (typeof jsqr === "function" ? jsqr : (jsqr as { default: unknown }).default) as (data: Uint8ClampedArray, width: number, height: number) => { data: string } | null;

/** What the code in a picture says; undefined where there is none. */
export function readCode({ data, width, height }: Pixels): string | undefined {
  return decoder(new Uint8ClampedArray(data), width, height)?.data;
}

/** The pixels of a code printed in a terminal: a character is two squares, one above the other. */
export function printed(text: string): Pixels {
  const scale = 4;
  const lines = text.split("\n").filter((line) => /^[█▀▄ ]{20,}$/.test(line));
  const width = (lines[0]?.length ?? 0) * scale;
  const rows = lines.flatMap((line) => ["█▀", "█▄"].map((light) => [...line].map((square) => light.includes(square))));
  const data = new Uint8Array(rows.length * scale * width * 4).fill(255);
  rows.forEach((row, y) => row.forEach((light, x) => {
    for (let at = 0; at < scale * scale; at += 1) {
      const pixel = (y * scale + Math.floor(at / scale)) * width + x * scale + (at % scale);
      data.fill(light ? 255 : 0, pixel * 4, pixel * 4 + 3);
    }
  }));
  return { width, height: rows.length * scale, data };
}
