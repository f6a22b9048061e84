// A poster: the picture on paper, a caption, the date, and a QR code of the page's address. 1080 x 1350 pixels, always light.

import { encode } from "uqr";
import { language } from "./words.ts";

export const WIDTH = 1080;
export const HEIGHT = 1350;

const MARGIN = 72;
const PAPER = "#faf7f1";
const INK = "#221e1a";
const QUIET = "#6d665e";
/** The widest that the QR code with its white rim may be. */
const CODE = 232;
const SERIF = `Georgia, "Noto Serif", "Songti SC", "Noto Serif SC", "Source Han Serif SC", serif`;
const SANS = `system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Noto Sans SC", "Microsoft YaHei", sans-serif`;

export interface PosterParts {
  picture: ImageBitmap;
  caption: string;
  /** Shown as the language writes it. */
  date: Date;
  /** What the QR code says; it stands below in letters, too. */
  address: string;
}

/** Draws the poster; the canvas takes its size. */
export function drawPoster(canvas: HTMLCanvasElement, { picture, caption, date, address }: PosterParts): void {
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.fillStyle = PAPER;
  context.fillRect(0, 0, WIDTH, HEIGHT);

  const codeTop = HEIGHT - MARGIN - CODE;
  drawCode(context, address, WIDTH - MARGIN - CODE, codeTop);
  drawWords(context, { caption, date, address }, codeTop, WIDTH - 3 * MARGIN - CODE + MARGIN / 2);
  drawPicture(context, picture, codeTop - MARGIN);
}

/** The picture as large as it goes above `bottom`, in the middle, with a thin rim. */
function drawPicture(context: CanvasRenderingContext2D, picture: ImageBitmap, bottom: number): void {
  const room = { width: WIDTH - 2 * MARGIN, height: bottom - MARGIN };
  const scale = Math.min(room.width / picture.width, room.height / picture.height);
  const width = Math.round(picture.width * scale);
  const height = Math.round(picture.height * scale);
  const left = Math.round((WIDTH - width) / 2);
  const top = MARGIN + Math.round((room.height - height) / 2);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, left, top, width, height);
  context.strokeStyle = "rgb(34 30 26 / 0.18)";
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
}

function drawWords(context: CanvasRenderingContext2D, { caption, date, address }: Omit<PosterParts, "picture">, top: number, room: number): void {
  context.textBaseline = "alphabetic";
  context.fillStyle = INK;
  const size = caption.length > 60 ? 34 : 42;
  context.font = `400 ${size}px ${SERIF}`;
  const shown = lines(context, caption, room, 3);
  shown.forEach((line, index) => context.fillText(line, MARGIN, top + size + index * Math.round(size * 1.3)));

  context.fillStyle = QUIET;
  context.font = `400 24px ${SANS}`;
  const written = date.toLocaleDateString(language.value === "zh" ? "zh-Hans" : "en-GB", { dateStyle: "long" });
  context.fillText(written, MARGIN, HEIGHT - MARGIN - 38);
  const [where = ""] = lines(context, address.replace(/^https?:\/\//, "").replace(/\/$/, ""), room, 1);
  context.fillText(where, MARGIN, HEIGHT - MARGIN - 2);
}

/** The QR code, dark on white with the rim of four modules that readers need; every module is a whole number of pixels. */
function drawCode(context: CanvasRenderingContext2D, address: string, left: number, top: number): void {
  const { data, size } = encode(address, { ecc: "M", border: 4 });
  const module = Math.max(2, Math.floor(CODE / size));
  const side = module * size;
  const x = left + CODE - side;
  const y = top + CODE - side;
  context.fillStyle = "#fff";
  context.fillRect(x, y, side, side);
  context.fillStyle = INK;
  data.forEach((row, j) => row.forEach((dark, i) => dark && context.fillRect(x + i * module, y + j * module, module, module)));
}

/** What may not be parted: a CJK sign with the punctuation after it, or a word with the space after it. */
const PIECES = /[\u2e80-\u2fff\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff][\u3001-\u3011\u201d\uff01-\uff20]*|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+\s*|\s+|./gu;

/** A text in at most `most` lines no wider than `room` pixels; what is too much ends in an ellipsis. */
function lines(context: CanvasRenderingContext2D, text: string, room: number, most: number): string[] {
  const fits = (line: string) => context.measureText(line.trimEnd()).width <= room;
  const found: string[] = [""];
  for (const piece of text.trim().match(PIECES) ?? []) {
    const parts = fits(piece) ? [piece] : [...piece];
    for (const part of parts) {
      const last = found.length - 1;
      if (fits(found[last] + part)) found[last] += part;
      else found.push(part.trimStart());
    }
  }
  if (found.length <= most) return found;
  const kept = found.slice(0, most);
  const rim = [...(kept[most - 1] ?? "")];
  while (rim.length > 0 && !fits(`${rim.join("")}…`)) rim.pop();
  kept[most - 1] = `${rim.join("").trimEnd()}…`;
  return kept;
}
