// Where the pictures lie in the frame: zoom and pan as numbers. One place for both pictures, so that they are tied pixel by pixel.

export interface Size {
  width: number;
  height: number;
}

/** `fit`: the whole picture in the frame. Else `scale`, CSS pixels for each pixel of `before`, and the pixel of `before` at the frame's centre. */
export type View = "fit" | { scale: number; x: number; y: number };

/** The picture's box in the frame, CSS pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  scale: number;
}

/** Steps of the zoom buttons: shares of the larger picture's own size. */
const STEPS = [0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];
const MOST = 32;

/** The scale at which `picture` just fills the frame. */
function fitting(frame: Size, picture: Size): number {
  return Math.min(frame.width / picture.width, frame.height / picture.height);
}

/** The box of `picture` in `frame`. It never leaves room at a side where there is more of it. */
export function boxOf(view: View, frame: Size, picture: Size): Box {
  const scale = view === "fit" ? fitting(frame, picture) : view.scale;
  const [width, height] = [picture.width * scale, picture.height * scale];
  const place = (room: number, length: number, centre: number) =>
    length <= room + 0.5 ? (room - length) / 2 : Math.min(0, Math.max(room - length, room / 2 - centre));
  const { x, y } = view === "fit" ? { x: 0, y: 0 } : view;
  return { x: whole(place(frame.width, width, x * scale)), y: whole(place(frame.height, height, y * scale)), width, height, scale };
}

/** Whole pixels of the screen, so that pixels of the pictures stay sharp. */
function whole(length: number): number {
  return Math.round(length * devicePixelRatio) / devicePixelRatio;
}

/** The view with that box's place. */
function viewOf(box: Box, frame: Size): View {
  return { scale: box.scale, x: (frame.width / 2 - box.x) / box.scale, y: (frame.height / 2 - box.y) / box.scale };
}

/** Moves the picture by CSS pixels. */
export function moved(view: View, frame: Size, picture: Size, dx: number, dy: number): View {
  const box = boxOf(view, frame, picture);
  const wanted = viewOf({ ...box, x: box.x + dx, y: box.y + dy }, frame);
  return viewOf(boxOf(wanted, frame, picture), frame);
}

/**
 * Zooms to `zoom`, a share of the larger picture's own size, whose width is `ratio` times that of `picture`; the point of the picture at `at` stays there.
 * It goes no further out than to the whole picture or its own size, and in to 3200 %.
 */
export function zoomed(view: View, frame: Size, picture: Size, ratio: number, zoom: number, at: { x: number; y: number }): View {
  const fit = fitting(frame, picture);
  const scale = Math.min(Math.max(zoom * ratio, Math.min(fit, ratio)), Math.max(MOST * ratio, fit));
  if (Math.abs(scale / fit - 1) < 1e-3) return "fit";
  const box = boxOf(view, frame, picture);
  const factor = scale / box.scale;
  const x = at.x - (at.x - box.x) * factor;
  const y = at.y - (at.y - box.y) * factor;
  const wanted = viewOf({ ...box, scale, x, y }, frame);
  return viewOf(boxOf(wanted, frame, picture), frame);
}

/** The next step of the zoom in a direction, with the whole picture (`fit`) as a step of its own. */
export function step(zoom: number, fit: number, direction: 1 | -1): number {
  const steps = [...STEPS, fit].sort((a, b) => a - b);
  const further = direction === 1 ? steps.find((one) => one > zoom * 1.005) : steps.findLast((one) => one < zoom / 1.005);
  return further ?? zoom;
}
