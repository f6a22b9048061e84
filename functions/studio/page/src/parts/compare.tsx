// Two pictures of one thing, one laid over the other: a divider between them, zoom and pan tied pixel by pixel.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { words } from "../lib/words.ts";
import { useGestures, type Point } from "./compare/gestures.ts";
import { along, Edges, Tools, type Way } from "./compare/tools.tsx";
import { boxOf, moved, step, zoomed, type Size, type View } from "./compare/view.ts";

const say = words(
  { divider: "Divider between before and after", share: "{split} % before", frame: "Picture. Arrow keys move it, plus and minus zoom, 0 fits it, 1 shows its own size." },
  { divider: "前后对比分割线", share: "之前 {split} %", frame: "图片。方向键移动，加号和减号缩放，0 适应窗口，1 原始大小。" },
);

export interface Side {
  /** An object URL. */
  url: string;
  width: number;
  height: number;
  /** What stands on this half. */
  label: string;
}

export interface CompareProps {
  before: Side;
  /** Null while there is none: `before` alone is shown, at the same place and size. */
  after: Side | null;
}

/** Another `before` begins anew: the whole picture, the divider in the middle. */
export function Compare(props: CompareProps) {
  return <Pictures key={props.before.url} {...props} />;
}

/** From this zoom on pixels are shown as squares, unless the picture just fills the frame. */
const SQUARES = 2;
const ARROWS: Record<string, Way> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

function Pictures({ before, after }: CompareProps) {
  const whole = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Size | null>(null);
  const [view, setView] = useState<View>("fit");
  const [split, setSplit] = useState(50);
  // The address of the picture that is decoded: until then `before` stays whole.
  const [decoded, setDecoded] = useState<string | null>(null);

  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const picture = { width: Math.max(1, before.width), height: Math.max(1, before.height) };
  const ratio = Math.max(1, (after?.width ?? 0) / picture.width);
  const space = room ?? picture;
  const box = boxOf(view, space, picture);
  const zoom = box.scale / ratio;
  const seen = { left: Math.max(0, box.x), right: Math.min(space.width, box.x + box.width), top: Math.max(0, box.y) };
  const can: Record<Way, boolean> = {
    left: box.x < -0.5, right: box.x + box.width > space.width + 0.5, up: box.y < -0.5, down: box.y + box.height > space.height + 0.5,
  };
  const movable = Object.values(can).some(Boolean);
  const two = after !== null && decoded === after.url;
  const line = seen.left + ((seen.right - seen.left) * split) / 100;
  const middle = { x: space.width / 2, y: space.height / 2 };

  const zoomTo = (wanted: number | "fit", at: Point = middle) =>
    setView((old) => (wanted === "fit" ? "fit" : zoomed(old, space, picture, ratio, wanted, at)));
  const go = (way: Way, part: number) => setView((old) => moved(old, space, picture, ...along(way, space, part)));
  const stepTo = (direction: 1 | -1) => zoomTo(step(zoom, boxOf("fit", space, picture).scale / ratio, direction));

  useGestures(frame, {
    movable,
    split: (x) => two && setSplit(Math.round(Math.min(100, Math.max(0, ((x - seen.left) / (seen.right - seen.left)) * 100)))),
    move: (dx, dy) => setView((old) => moved(old, space, picture, dx, dy)),
    zoom: (factor, at) => {
      if (view === "fit" && factor < 1) return false;
      const next = zoomed(view, space, picture, ratio, zoom * factor, at);
      const further = Math.abs(boxOf(next, space, picture).scale / box.scale - 1) > 1e-4;
      if (further) setView((old) => zoomed(old, space, picture, ratio, (boxOf(old, space, picture).scale / ratio) * factor, at));
      return further;
    },
  });

  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = event.target === frame.current && movable ? ARROWS[event.key] : undefined;
    if (way) go(way, 0.1);
    else if (event.key === "+" || event.key === "=") stepTo(1);
    else if (event.key === "-") stepTo(-1);
    else if (event.key === "0") zoomTo("fit");
    else if (event.key === "1") zoomTo(1);
    else return;
    event.preventDefault();
  };

  const placed = {
    width: `${box.width}px`, height: `${box.height}px`, transform: `translate(${box.x}px, ${box.y}px)`,
    imageRendering: view !== "fit" && zoom >= SQUARES ? "pixelated" as const : "auto" as const,
  };
  const label = { left: `${seen.left}px`, top: `${seen.top}px`, maxWidth: `${(seen.right - seen.left) / 2}px` };
  return (
    <div class="compare" ref={whole} onKeyDown={key} data-zoom={Number(zoom.toFixed(4))} data-split={split} data-ready={two ? "both" : "before"}>
      <div
        class="compare-frame" ref={frame} tabIndex={0} role="group" aria-label={say("frame")} data-movable={movable ? "" : undefined}
        style={{ aspectRatio: `${picture.width} / ${picture.height}`, visibility: room ? "visible" : "hidden" }}
      >
        <div class="compare-half" style={{ clipPath: two ? `inset(0 calc(100% - ${line}px) 0 0)` : "none" }}>
          <img src={before.url} alt={before.label} draggable={false} style={placed} />
          <span class="compare-label" style={label}>{before.label}</span>
        </div>
        {after && (
          <div class="compare-half" style={{ clipPath: `inset(0 0 0 ${line}px)`, visibility: two ? "visible" : "hidden" }}>
            <img src={after.url} alt={after.label} draggable={false} style={placed} onLoad={() => setDecoded(after.url)} />
            <span class="compare-label" style={{ ...label, left: "auto", right: `${space.width - seen.right}px` }}>{after.label}</span>
          </div>
        )}
        {two && (
          <>
            <input
              type="range" class="compare-range" min={0} max={100} step={1} value={split} aria-label={say("divider")} aria-valuetext={say("share", { split })}
              style={{ left: `${seen.left}px`, width: `${seen.right - seen.left}px` }} onInput={(event) => setSplit(Number(event.currentTarget.value))}
            />
            <div class="compare-line" style={{ transform: `translateX(${line}px)` }}><span class="compare-grip" /></div>
          </>
        )}
        {movable && <Edges can={can} go={(way) => go(way, 0.4)} />}
      </div>
      <Tools whole={whole} split={two ? split : null} setSplit={setSplit} zoom={zoom} fits={view === "fit"} step={stepTo} zoomTo={zoomTo} />
    </div>
  );
}
