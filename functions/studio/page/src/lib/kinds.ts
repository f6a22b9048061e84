// What a file is, by its first bytes; neither its name nor its told type is believed.

/** `native`: the functions read it; `foreign`: at most the browser does; `video`; `other`: none of these. */
export interface Kind {
  is: "native" | "foreign" | "video" | "other";
  /** Media type; empty where it is not known. */
  type: string;
  /** What people call it. */
  title: string;
}

type Test = (text: string) => boolean;
const begins = (start: string): Test => (text) => text.startsWith(start);
const brand = (...brands: string[]): Test => (text) => text.slice(4, 8) === "ftyp" && brands.some((one) => text.slice(8, 48).includes(one));

/** In this order: the brands of AVIF and HEIC come before those of mp4, whose container they use. */
const KINDS: [Kind["is"], string, string, Test][] = [
  ["native", "image/jpeg", "JPEG", begins("\xff\xd8\xff")],
  ["native", "image/png", "PNG", begins("\x89PNG\r\n\x1a\n")],
  ["native", "image/webp", "WebP", (text) => text.startsWith("RIFF") && text.slice(8, 12) === "WEBP"],
  ["native", "image/gif", "GIF", begins("GIF8")],
  ["native", "image/bmp", "BMP", (text) => text.startsWith("BM") && text.slice(6, 10) === "\0\0\0\0"],
  ["native", "image/tiff", "TIFF", (text) => text.startsWith("II*\0") || text.startsWith("MM\0*")],
  ["foreign", "image/avif", "AVIF", brand("avif", "avis")],
  ["foreign", "image/heic", "HEIC", brand("heic", "heix", "hevc", "heim", "mif1", "msf1")],
  ["foreign", "image/jxl", "JPEG XL", (text) => text.startsWith("\xff\x0a") || text.slice(4, 8) === "JXL "],
  ["foreign", "image/x-icon", "ICO", begins("\0\0\x01\0")],
  ["foreign", "image/svg+xml", "SVG", (text) => /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>|<!--[^]*?-->|<!DOCTYPE[^>]*>|\s)*<svg[\s>]/i.test(text)],
  ["video", "video/mp4", "MP4", (text) => text.slice(4, 8) === "ftyp"],
  ["video", "video/webm", "WebM", begins("\x1aE\xdf\xa3")],
  ["video", "video/x-msvideo", "AVI", (text) => text.startsWith("RIFF") && text.slice(8, 12) === "AVI "],
];

/** How much is looked at: an SVG may begin with long comments. */
const HEAD = 4096;

/** Looks at a file's first bytes. Fails where the file can't be read (gone, or a folder). */
export async function kindOf(file: Blob): Promise<Kind> {
  const text = await latin(file.slice(0, HEAD));
  const found = KINDS.find(([, , , test]) => test(text));
  if (found) return { is: found[0], type: found[1], title: found[2] };
  if (file.type.startsWith("video/")) return { is: "video", type: file.type, title: file.type };
  if (file.type.startsWith("image/")) return { is: "foreign", type: file.type, title: file.type.slice("image/".length) };
  return { is: "other", type: "", title: "" };
}

/** Whether a GIF, PNG or WebP is an animation. A GIF of more than 8 MB is looked at so far. */
export async function moves(file: Blob, type: string): Promise<boolean> {
  if (type === "image/webp") return ((new Uint8Array(await file.slice(20, 21).arrayBuffer())[0] ?? 0) & 2) !== 0 && (await latin(file.slice(12, 16))) === "VP8X";
  if (type === "image/png") {
    const text = await latin(file.slice(0, HEAD));
    return text.includes("acTL") && text.indexOf("acTL") < (text + "IDAT").indexOf("IDAT");
  }
  if (type !== "image/gif") return false;
  // A frame: the graphic control extension with its four bytes, its end, then an image.
  const frames = (await latin(file.slice(0, 8 << 20))).match(/\x21\xf9\x04[^]{4}\0\x2c/g);
  return (frames?.length ?? 0) > 1;
}

/** The bytes as a text of the characters 0..255. */
async function latin(part: Blob): Promise<string> {
  const bytes = new Uint8Array(await part.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return text;
}
