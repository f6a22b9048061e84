// Boxes drawn on a canvas: a colour for each class, the same that the functions draw with; edges and words readable on any picture.

import { percent } from "./words.ts";
import { className } from "../../lib/coco.ts";
import type { Box, Size } from "./boxes.ts";

type Rgb = [number, number, number];

/** A class's colour: hues a golden angle apart, so that neighbours differ. */
export function colour(id: number): Rgb {
  const hue = ((id * 137.508) % 360) / 60;
  const fade = 1 - Math.abs((hue % 2) - 1);
  const corners: Rgb[] = [[1, fade, 0], [fade, 1, 0], [0, 1, fade], [0, fade, 1], [fade, 0, 1], [1, 0, fade]];
  const [red, green, blue] = corners[Math.min(5, Math.floor(hue))] ?? [1, 1, 1];
  return [Math.floor(60 + 195 * red), Math.floor(60 + 195 * green), Math.floor(60 + 195 * blue)];
}

/** As CSS writes it. */
export function css([red, green, blue]: Rgb, alpha = 1): string {
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}

/** Black or white, whichever is read better on a colour (WCAG's contrast; at least 4.5 to 1). */
export function ink([red, green, blue]: Rgb): string {
  const linear = (level: number) => (level <= 10 ? level / 3294.6 : ((level / 255 + 0.055) / 1.055) ** 2.4);
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return light + 0.05 > Math.sqrt(1.05 * 0.05) ? "#000" : "#fff";
}

/** How a frame is drawn. */
export interface Look {
  /** Names and scores beside the boxes. */
  names: boolean;
  /** One that stands out, the others step back. */
  lit: Box | null;
}

/** Draws boxes of a frame of `size` into the whole canvas, whose CSS pixels are `ratio` of its own; what was there goes. */
export function draw(context: CanvasRenderingContext2D, boxes: readonly Box[], size: Size, ratio: number, { names, lit }: Look): void {
  const [width, height] = [context.canvas.width / ratio, context.canvas.height / ratio];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const [across, down] = [width / size.width, height / size.height];
  const line = Math.min(5, Math.max(2, Math.round(Math.min(width, height) / 220)));
  const letters = Math.min(24, Math.max(12, Math.round(Math.min(width, height) / 32)));
  context.font = `600 ${letters}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const order = [...boxes].reverse();
  if (lit && order.includes(lit)) order.push(...order.splice(order.indexOf(lit), 1));
  for (const box of order) {
    const own = colour(box.id);
    const [left, top, right, bottom] = [box.box[0] * across, box.box[1] * down, box.box[2] * across, box.box[3] * down];
    context.globalAlpha = lit && box !== lit ? 0.35 : 1;
    if (box === lit) {
      context.fillStyle = css(own, 0.2);
      context.fillRect(left, top, right - left, bottom - top);
    }
    edge(context, [left, top, right, bottom], box === lit ? line * 2 : line, css(own));
    if (names) tag(context, `${className(box.name)} ${percent(box.score)}`, left, top, letters, own);
  }
  context.globalAlpha = 1;
}

/** The edge of a box, inwards, between two thin dark lines that set it off against a bright ground. */
function edge(context: CanvasRenderingContext2D, [left, top, right, bottom]: [number, number, number, number], line: number, own: string): void {
  const inset = (by: number, thick: number, style: string) => {
    context.strokeStyle = style;
    context.lineWidth = thick;
    const half = by + thick / 2;
    context.strokeRect(left + half, top + half, Math.max(0, right - left - 2 * half), Math.max(0, bottom - top - 2 * half));
  };
  inset(0, line + 2, "rgb(16 16 16)");
  inset(1, line, own);
}

/** A name on its own ground: above the corner where there is room, else below it, moved into the picture. */
function tag(context: CanvasRenderingContext2D, name: string, left: number, top: number, letters: number, own: Rgb): void {
  const pad = Math.ceil(letters / 3);
  const [width, height] = [context.measureText(name).width + 2 * pad, letters + pad];
  const room = context.canvas.width / context.getTransform().a;
  const x = Math.max(0, Math.min(left, room - width));
  const y = top >= height ? top - height : Math.max(0, top);
  context.fillStyle = css(own);
  context.fillRect(x, y, width, height);
  context.fillStyle = ink(own);
  context.fillText(name, x + pad, y + height / 2 + 1);
}
