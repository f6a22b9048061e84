// Into the clipboard and out to other apps, in the ways that the browser has.

/** Copies a text; says whether it went. Pages without HTTPS have no clipboard of their own, but may still ask for a copy of what is selected. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "hidden-words";
  // Inside an open dialog nothing outside it can be selected.
  const open = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  const before = document.activeElement;
  open.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

/** Whether the browser can take pictures into its clipboard. */
export function canCopyPictures(): boolean {
  return typeof ClipboardItem !== "undefined" && "clipboard" in navigator && "write" in navigator.clipboard;
}

/** Copies a picture as PNG, the one type that all clipboards take. Fails where the browser refuses. */
export async function copyPicture(body: Blob): Promise<void> {
  // The promise goes in as it is: Safari wants the request within the click.
  await navigator.clipboard.write([new ClipboardItem({ "image/png": body.type === "image/png" ? body : png(body) })]);
}

async function png(body: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(body);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}

export type Shared = "shared" | "stopped" | "copied" | "refused";

/** Hands a file to another app where the device can; else copies the address. */
export async function share(file: File, text: string, url: string): Promise<Shared> {
  const data = { files: [file], text };
  if ("canShare" in navigator && navigator.canShare(data)) {
    try {
      await navigator.share(data);
      return "shared";
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === "AbortError") return "stopped";
      // Refused by the system: the address is the way left.
    }
  }
  return (await copyText(url)) ? "copied" : "refused";
}

/** Saves a blob as a file of that name. */
export function download(body: Blob, name: string): void {
  const url = URL.createObjectURL(body);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of the blob by the time the next task runs; Safari, and a large file, need longer.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
