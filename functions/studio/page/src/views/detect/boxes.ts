// Boxes as the functions tell them, read with care, and which of them the page's filters let through.

/** A thing that was found. */
export interface Box {
  /** Left, top, right, bottom, in pixels of the frame. */
  box: readonly [number, number, number, number];
  id: number;
  /** In English, as the function writes it. */
  name: string;
  /** 0..1 */
  score: number;
}

/** The pixels of a picture or a frame. */
export interface Size {
  width: number;
  height: number;
}

/** What is asked for when the page filters by itself: low enough for every place of the slider. */
export const LOWEST = 0.05;
/** The most boxes of one answer. */
export const MOST = 300;
/** Where the slider begins: the functions' own threshold. */
export const USUAL = 0.3;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The member of that name, a finite number of at least 0; else null. */
export function count(of: unknown, name: string): number | null {
  const value = isRecord(of) ? of[name] : undefined;
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** The member of that name, a text; else null. */
export function text(of: unknown, name: string): string | null {
  const value = isRecord(of) ? of[name] : undefined;
  return typeof value === "string" ? value : null;
}

/** The boxes in a line or an answer, the best first; what is no box is passed over. Null where there is no list of boxes at all. */
export function boxesOf(value: unknown): Box[] | null {
  const list = isRecord(value) ? value["boxes"] : undefined;
  if (!Array.isArray(list)) return null;
  return list.flatMap((one: unknown) => {
    const corners = isRecord(one) ? one["box"] : undefined;
    const [id, score] = [count(one, "class_id"), count(one, "score")];
    if (!Array.isArray(corners) || corners.length !== 4 || !corners.every(Number.isFinite) || id === null || score === null) return [];
    return [{ box: corners as unknown as Box["box"], id, name: text(one, "name") ?? String(id), score }];
  });
}

/** What the answer to one picture tells; null where it tells no boxes. */
export function picture(answer: unknown): { boxes: Box[]; size: Size } | null {
  const data = isRecord(answer) ? answer["data"] : undefined;
  const [boxes, width, height] = [boxesOf(data), count(data, "width"), count(data, "height")];
  return boxes && width && height ? { boxes, size: { width, height } } : null;
}

/** Intersection over union. */
function overlap({ box: one }: Box, { box: two }: Box): number {
  const area = ([left, top, right, bottom]: Box["box"]) => Math.max(0, right - left) * Math.max(0, bottom - top);
  const shared = area([Math.max(one[0], two[0]), Math.max(one[1], two[1]), Math.min(one[2], two[2]), Math.min(one[3], two[3])]);
  return shared > 0 ? shared / (area(one) + area(two) - shared) : 0;
}

/** The same thing in the next frame: of its class, and where it was. */
export function follow(box: Box | null, boxes: readonly Box[]): Box | null {
  if (!box) return null;
  const same = boxes.filter((one) => one.id === box.id && overlap(one, box) > 0.3);
  return same.sort((one, two) => overlap(two, box) - overlap(one, box))[0] ?? null;
}

/** The smallest box around a point of the frame. */
export function at(boxes: readonly Box[], x: number, y: number): Box | null {
  const area = ({ box }: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  const around = boxes.filter(({ box }) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]);
  return around.sort((one, two) => area(one) - area(two))[0] ?? null;
}
