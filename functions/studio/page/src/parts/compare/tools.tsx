// The buttons below the frame: which picture, zoom, full screen; and those at its edges, which move the picture.

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { number, words } from "../../lib/words.ts";
import { Icon } from "../icon.tsx";

const say = words(
  {
    show: "Show", before: "Before", both: "Both", after: "After", zoom: "Zoom", out: "Zoom out", in: "Zoom in", fit: "Fit", whole: "Fit: the whole picture", own: "1:1, a pixel for a pixel",
    full: "Full screen", leave: "Leave full screen", left: "Move left", right: "Move right", up: "Move up", down: "Move down",
  },
  {
    show: "显示", before: "之前", both: "两者", after: "之后", zoom: "缩放", out: "缩小", in: "放大", fit: "适应", whole: "适应：显示整张图片", own: "1:1，逐像素显示",
    full: "全屏", leave: "退出全屏", left: "左移", right: "右移", up: "上移", down: "下移",
  },
);

export interface ToolsProps {
  whole: RefObject<HTMLElement | null>;
  /** Null while there is but one picture. */
  split: number | null;
  setSplit: (split: number) => void;
  zoom: number;
  fits: boolean;
  step: (direction: 1 | -1) => void;
  zoomTo: (zoom: number | "fit") => void;
}

export function Tools({ whole, split, setSplit, zoom, fits, step, zoomTo }: ToolsProps) {
  const sides = [["before", 100], ["both", 50], ["after", 0]] as const;
  const chosen = split === null ? 100 : split === 0 || split === 100 ? split : 50;
  return (
    <div class="compare-tools">
      <div class="segments" role="group" aria-label={say("show")}>
        {sides.map(([name, at]) => (
          <button key={name} type="button" disabled={split === null} aria-pressed={split !== null && chosen === at} onClick={() => setSplit(at)}>{say(name)}</button>
        ))}
      </div>
      <div class="compare-zoom" role="group" aria-label={say("zoom")}>
        <button type="button" class="icon-button" aria-label={say("out")} title={say("out")} onClick={() => step(-1)}><Icon name="zoomOut" /></button>
        <output class="compare-level">{number(zoom * 100)} %</output>
        <button type="button" class="icon-button" aria-label={say("in")} title={say("in")} onClick={() => step(1)}><Icon name="zoomIn" /></button>
        <button type="button" class="quiet-button" aria-label={say("whole")} title={say("whole")} aria-pressed={fits} onClick={() => zoomTo("fit")}>{say("fit")}</button>
        <button type="button" class="quiet-button" aria-label={say("own")} title={say("own")} aria-pressed={!fits && zoom === 1} onClick={() => zoomTo(1)}>1:1</button>
        <FullScreen whole={whole} />
      </div>
    </div>
  );
}

function FullScreen({ whole }: { whole: RefObject<HTMLElement | null> }) {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const changed = () => setFull(document.fullscreenElement === whole.current);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, [whole]);
  if (!document.fullscreenEnabled) return null;
  const name = say(full ? "leave" : "full");
  const toggle = () => void (full ? document.exitFullscreen() : whole.current?.requestFullscreen())?.catch(() => setFull(false));
  return (
    <button type="button" class="icon-button" aria-label={name} title={name} onClick={toggle}><Icon name={full ? "close" : "fit"} /></button>
  );
}

const WAYS = { left: [1, 0], right: [-1, 0], up: [0, 1], down: [0, -1] } as const;
export type Way = keyof typeof WAYS;

/** Moves the picture so that what lies on that side comes into the frame: a part of the frame at a time. */
export function along(way: Way, frame: { width: number; height: number }, part: number): [number, number] {
  const [x, y] = WAYS[way];
  return [x * frame.width * part, y * frame.height * part];
}

/** `can`: the sides where more of the picture lies. */
export function Edges({ can, go }: { can: Record<Way, boolean>; go: (way: Way) => void }) {
  return (["left", "right", "up", "down"] as const).map((way) => (
    <button key={way} type="button" class={`icon-button compare-edge compare-edge-${way}`} aria-label={say(way)} title={say(way)} aria-disabled={!can[way]} onClick={() => can[way] && go(way)}>
      <Icon name="next" />
    </button>
  ));
}
