// Pictures on their way in: read, measured, converted where the functions can't read them, made smaller when asked.

import { kindOf, moves } from "./kinds.ts";
import { number, words } from "./words.ts";

/** A picture that is ready to be sent. */
export interface Picture {
  id: string;
  /** The file's name, for the person; it is never sent. */
  name: string;
  body: Blob;
  /** An object URL of something that the browser can show; null where it can't show this kind (TIFF). */
  url: string | null;
  /** Pixels, upright; 0 where the browser can't read it. */
  width: number;
  height: number;
  /** What the page did to it, for the person; empty where nothing. */
  note: string;
}

const say = words(
  {
    converted: "Converted from {from} to JPEG on this device, since the functions can't read {from}.",
    fitted: "It was too large for this device and became {width} x {height}.",
    still: "An animation: its first picture is used.",
    shrunk: "Made smaller on this device: {width} x {height}, {size}.",
    unreadable: "{name}: this browser can't read {from}, and neither can the functions. Save it as JPEG or PNG first.",
    broken: "{name} is broken: it can't be read.",
    empty: "{name} is empty.",
    gone: "{name} can't be read: it was moved or changed, or it is a folder.",
    video: "{name} is a video; Detect has a place for videos.",
    other: "{name} is not a picture.",
    huge: "{name} has {pixels} megapixels; this page takes {most} at most.",
    noRoom: "This device has not enough memory to convert {name}.",
  },
  {
    converted: "已在本机从 {from} 转换为 JPEG，因为功能无法读取 {from}。",
    fitted: "图片对本设备来说太大，已变为 {width} x {height}。",
    still: "这是动画，使用第一帧。",
    shrunk: "已在本机缩小：{width} x {height}，{size}。",
    unreadable: "{name}：浏览器无法读取 {from}，功能也无法读取。请先另存为 JPEG 或 PNG。",
    broken: "{name} 已损坏，无法读取。",
    empty: "{name} 是空文件。",
    gone: "无法读取 {name}：文件已移动或更改，或者它是文件夹。",
    video: "{name} 是视频；请在“检测”中使用视频。",
    other: "{name} 不是图片。",
    huge: "{name} 有 {pixels} 百万像素；本页最多接受 {most}。",
    noRoom: "设备内存不足，无法转换 {name}。",
  },
);

/** More pixels than this are not shown: a tab that decodes them may die of it. */
const MOST_PIXELS = 120e6;
/** Where a conversion does not fit into a canvas (phones), this is the least that is tried. */
const LEAST_PIXELS = 1e6;

/**
 * Reads a file into a picture. What the functions can't read but the browser can (HEIC, AVIF, SVG) becomes a JPEG; of an animation the
 * first picture is taken. Fails with a sentence that names the file.
 */
export async function read(file: Blob, name: string): Promise<Picture> {
  if (file.size === 0) throw new Error(say("empty", { name }));
  const kind = await kindOf(file).catch(() => {
    throw new Error(say("gone", { name }));
  });
  if (kind.is === "video") throw new Error(say("video", { name }));
  if (kind.is === "other") throw new Error(say("other", { name }));
  const id = Math.random().toString(36).slice(2);
  const typed = file.type === kind.type ? file : new Blob([file], { type: kind.type });
  const size = await measure(typed);
  if (!size) {
    if (kind.type === "image/tiff") return { id, name, body: typed, url: null, width: 0, height: 0, note: "" };
    throw new Error(kind.is === "native" ? say("broken", { name }) : say("unreadable", { name, from: kind.title }));
  }
  const pixels = size.width * size.height;
  if (pixels > MOST_PIXELS) throw new Error(say("huge", { name, pixels: number(pixels / 1e6), most: number(MOST_PIXELS / 1e6) }));
  if (kind.is === "native" && !(await moves(typed, kind.type))) return { id, name, body: typed, url: URL.createObjectURL(typed), ...size, note: "" };
  const type = kind.is === "native" ? "image/png" : "image/jpeg";
  const made = await drawn(typed, size, type, 0.95, name);
  const note = [
    kind.is === "native" ? say("still") : say("converted", { from: kind.title }),
    made.width < size.width ? say("fitted", { width: made.width, height: made.height }) : "",
  ];
  return { id, name: renamed(name, ending(type)), ...made, url: URL.createObjectURL(made.body), note: note.filter(Boolean).join(" ") };
}

/**
 * The picture with its longer side at most `side` pixels, as a JPEG of `quality` 0..1 on white; the same object where that does not
 * make it smaller. A new one has an object URL of its own: whoever replaces the old one forgets it. `size` writes bytes for people.
 */
export async function compress(picture: Picture, side: number, quality: number, size: (bytes: number) => string): Promise<Picture> {
  if (picture.width === 0) return picture;
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const wanted = { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)) };
  const { body, width, height } = await drawn(picture.body, wanted, "image/jpeg", quality, picture.name);
  if (body.size >= picture.body.size) return picture;
  const note = [picture.note, say("shrunk", { width, height, size: size(body.size) })].filter(Boolean).join(" ");
  return { ...picture, name: renamed(picture.name, "jpg"), body, url: URL.createObjectURL(body), width, height, note };
}

interface Size {
  width: number;
  height: number;
}

/** Columns and rows of a picture, upright; null where the browser can't read it. Only its head is decoded. */
export async function measure(body: Blob): Promise<Size | null> {
  try {
    return await shown(body, (image) => sizeOf(image));
  } catch {
    return null;
  }
}

/** The side of a square for an SVG that tells no size. */
const SIDE = 1024;

function sizeOf(image: HTMLImageElement): Size {
  return { width: image.naturalWidth || SIDE, height: image.naturalHeight || SIDE };
}

/** Gives a loaded picture to `use`; its address lives no longer than that. */
async function shown<T>(body: Blob, use: (image: HTMLImageElement) => T | Promise<T>): Promise<T> {
  const image = new Image();
  const url = URL.createObjectURL(body);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Error("not a picture"));
      image.src = url;
    });
    return await use(image);
  } finally {
    URL.revokeObjectURL(url);
    image.src = "";
  }
}

/** A picture drawn anew, upright, at a size or (where the device has no canvas as large) at a smaller one; a JPEG lies on white. */
async function drawn(body: Blob, size: Size, type: "image/jpeg" | "image/png", quality: number, name: string): Promise<Size & { body: Blob }> {
  return shown(body, async (image) => {
    await image.decode().catch(() => {
      throw new Error(say("broken", { name }));
    });
    for (let { width, height } = size; ; [width, height] = [Math.round(width * Math.SQRT1_2), Math.round(height * Math.SQRT1_2)]) {
      const made = await onCanvas(image, width, height, type, quality);
      if (made) return { body: made, width, height };
      if (width * height < LEAST_PIXELS) throw new Error(say("noRoom", { name }));
    }
  });
}

/** Null where the device has no canvas of this size. An `img` is drawn upright and, if it moves, in its first state. */
async function onCanvas(image: HTMLImageElement, width: number, height: number, type: string, quality: number): Promise<Blob | null> {
  try {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    if (!context) return null;
    context.imageSmoothingQuality = "high";
    if (type === "image/jpeg") {
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, height);
      // A canvas that is too large swallows what is drawn instead of failing.
      if (context.getImageData(width - 1, height - 1, 1, 1).data[3] !== 255) return null;
    }
    context.drawImage(image, 0, 0, width, height);
    const made = await canvas.convertToBlob({ type, quality });
    return made.type === type && made.size > 0 ? made : null;
  } catch {
    return null;
  }
}

/** A file's name with another ending. */
export function renamed(name: string, ending: string): string {
  return `${name.replace(/\.[^.]+$/, "")}.${ending}`;
}

/** The usual ending of a media type. */
export function ending(type: string): string {
  return { "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/json": "json" }[type.split(";")[0] ?? ""] ?? "bin";
}

/** What `by` made of a file, named after it: `street.jpg` and `derain` to a PNG are `street-derain.png`. */
export function resultName(name: string, by: string, type: string): string {
  return `${name.replace(/\.[^.]+$/, "")}-${by}.${ending(type)}`;
}

/** A picture that will not be shown any more gives its memory back. */
export function forget(picture: Picture): void {
  if (picture.url) URL.revokeObjectURL(picture.url);
}
