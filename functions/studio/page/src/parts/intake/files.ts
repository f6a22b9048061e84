// Files out of a drop, a paste or the clipboard, and what becomes of them.

import { kindOf } from "../../lib/kinds.ts";
import { read, type Picture } from "../../lib/picture.ts";
import { words } from "../../lib/words.ts";

const say = words(
  {
    folder: "{name} is a folder. Choose the pictures in it.", noVideo: "{name} is not a video.", empty: "{name} is empty.",
    nothing: "There is no picture on the clipboard.", refused: "The browser did not allow the page to read the clipboard. Press Ctrl+V instead.",
    gone: "{name} can't be read.",
  },
  {
    folder: "{name} 是文件夹。请选择其中的图片。", noVideo: "{name} 不是视频。", empty: "{name} 是空文件。",
    nothing: "剪贴板里没有图片。", refused: "浏览器不允许页面读取剪贴板。请按 Ctrl+V。",
    gone: "无法读取 {name}。",
  },
);

/** Whether a drag or a paste brings files. */
export function hasFiles(data: DataTransfer | null): data is DataTransfer {
  return data?.types.includes("Files") ?? false;
}

/** Whether a paste brings text into a field for text, beside which a picture of it may lie. */
export function isForText(event: ClipboardEvent): boolean {
  const field = event.target instanceof Element && event.target.closest("input:not([type=range]), textarea");
  return Boolean(field) && (event.clipboardData?.types.includes("text/plain") ?? false);
}

/** What was dropped or pasted: files, and a sentence for each folder. */
export function taken(data: DataTransfer): { files: File[]; problems: string[] } {
  const files: File[] = [];
  const problems: string[] = [];
  for (const item of data.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry?.isDirectory) problems.push(say("folder", { name: entry.name }));
    else if (file) files.push(file);
  }
  return { files, problems };
}

/** The picture on the clipboard. Fails with a sentence. */
export async function onClipboard(): Promise<File> {
  const items = await navigator.clipboard.read().catch((cause: unknown) => {
    throw new Error(cause instanceof DOMException && cause.name === "NotAllowedError" ? say("refused") : say("nothing"));
  });
  for (const item of items) {
    const type = item.types.find((one) => one.startsWith("image/"));
    if (type) return new File([await item.getType(type)], `clipboard.${type.slice("image/".length).replace(/\+.*/, "")}`, { type });
  }
  throw new Error(say("nothing"));
}

/** Reads files one after the other, so that many large ones never lie decoded side by side. `each` is told how many are done. */
export async function readAll(files: File[], each: (done: number) => void, current: () => boolean): Promise<{ pictures: Picture[]; problems: string[] }> {
  const pictures: Picture[] = [];
  const problems: string[] = [];
  for (const [done, file] of files.entries()) {
    if (!current()) break;
    each(done);
    try {
      pictures.push(await read(file, file.name));
    } catch (cause) {
      problems.push(cause instanceof Error ? cause.message : String(cause));
    }
  }
  return { pictures, problems };
}

/** A sentence about why a file is no video; null where it is one. */
export async function noVideo(file: File): Promise<string | null> {
  const { name } = file;
  if (file.size === 0) return say("empty", { name });
  try {
    return (await kindOf(file)).is === "video" ? null : say("noVideo", { name });
  } catch {
    return say("gone", { name });
  }
}
