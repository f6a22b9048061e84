// Pictures as numbers, decoded by the browser itself, so that what is shown and what was answered are read alike.

import type { Locator, Page } from "playwright-core";
import { everything } from "./browser.ts";

/** Red, green, blue, alpha of each pixel, row by row. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8Array;
}

interface Told {
  width: number;
  height: number;
  data: string;
}

const read = ({ width, height, data }: Told): Pixels => ({ width, height, data: Buffer.from(data, "base64") });

let table: Promise<Page> | null = null;

/** An empty page that does nothing but decode. */
function bench(): Promise<Page> {
  table ??= everything().then(async ({ browser }) => (await browser.newContext()).newPage());
  return table;
}

/** Decodes a picture. */
export async function decode(bytes: Uint8Array, type = "image/png"): Promise<Pixels> {
  const page = await bench();
  return read(await page.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let text = "";
    for (let from = 0; from < data.length; from += 8192) text += String.fromCharCode(...data.subarray(from, from + 8192));
    return { width: canvas.width, height: canvas.height, data: btoa(text) };
  }, `data:${type};base64,${Buffer.from(bytes).toString("base64")}`));
}

/** The pixels of an `<img>` or `<canvas>` of the page, at its own size. */
export async function shown(element: Locator): Promise<Pixels> {
  return read(await element.evaluate(async (node: HTMLImageElement | HTMLCanvasElement) => {
    if (node instanceof HTMLImageElement) await node.decode();
    const [width, height] = node instanceof HTMLImageElement ? [node.naturalWidth, node.naturalHeight] : [node.width, node.height];
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d")!;
    context.drawImage(node, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let text = "";
    for (let from = 0; from < data.length; from += 8192) text += String.fromCharCode(...data.subarray(from, from + 8192));
    return { width, height, data: btoa(text) };
  }));
}

/** What a person sees of an element, at one pixel a CSS pixel. */
export async function seen(element: Locator): Promise<Pixels> {
  return decode(await element.screenshot({ animations: "disabled", scale: "css" }));
}

/** The largest difference of a channel between two pictures of one size. */
export function difference(one: Pixels, other: Pixels): number {
  if (one.width !== other.width || one.height !== other.height) {
    throw new Error(`${one.width}x${one.height} beside ${other.width}x${other.height}`);
  }
  let most = 0;
  for (let at = 0; at < one.data.length; at += 1) most = Math.max(most, Math.abs((one.data[at] ?? 0) - (other.data[at] ?? 0)));
  return most;
}

/** The mean of a picture's red, green and blue, 0..255. */
export function brightness({ data }: Pixels): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0);
  return sum / ((data.length / 4) * 3);
}

/** Red, green and blue of one pixel. */
export function at({ width, data }: Pixels, x: number, y: number): [number, number, number] {
  const from = (Math.round(y) * width + Math.round(x)) * 4;
  return [data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0];
}

/** A picture of noise or of one colour, drawn by the browser: bytes of that media type. */
export async function drawn(width: number, height: number, type: string, noise = false, quality = 0.92): Promise<Buffer> {
  const page = await bench();
  const text = await page.evaluate(async ({ width, height, type, noise, quality }) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d")!;
    const slope = context.createLinearGradient(0, 0, width, height);
    slope.addColorStop(0, "#153");
    slope.addColorStop(1, "#c85");
    context.fillStyle = slope;
    context.fillRect(0, 0, width, height);
    if (noise) {
      const image = context.getImageData(0, 0, width, height);
      const words = new Uint32Array(image.data.buffer);
      let seed = 1;
      for (let at = 0; at < words.length; at += 1) words[at] = (seed = (Math.imul(seed, 1664525) + 1013904223) | 0) | 0xff000000;
      context.putImageData(image, 0, 0);
    }
    const blob = await canvas.convertToBlob({ type, quality });
    if (blob.type !== type) throw new Error(`this browser can't write ${type}`);
    return new Promise<string>((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result));
      reader.readAsDataURL(blob);
    });
  }, { width, height, type, noise, quality });
  return Buffer.from(text.slice(text.indexOf(",") + 1), "base64");
}
