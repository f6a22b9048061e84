// Mouse, touch and pen over the frame: the divider is dragged or jumps to a press, the picture is moved, wheel and two fingers zoom.

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface Point {
  x: number;
  y: number;
}

/** What the gestures do. Points are CSS pixels from the frame's corner. */
export interface Hands {
  /** Whether more of the picture lies outside of the frame. */
  movable: boolean;
  /** Sets the divider to a place. */
  split: (x: number) => void;
  move: (dx: number, dy: number) => void;
  /** Multiplies the zoom; false where it can go no further. */
  zoom: (factor: number, at: Point) => boolean;
}

/** A press that moves less is a tap, CSS pixels. */
const TAP = 5;
const LINE = 16;

type Mode = "none" | "press" | "split" | "move" | "pinch";

/** Listens on the frame as long as it is there. */
export function useGestures(frame: RefObject<HTMLElement | null>, hands: Hands): void {
  const latest = useRef(hands);
  latest.current = hands;
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const down = new Map<number, Point>();
    let mode: Mode = "none";
    let start: Point = { x: 0, y: 0 };

    const point = (event: MouseEvent): Point => {
      const box = element.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const fingers = () => {
      const [a = start, b = start] = [...down.values()];
      return { centre: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, apart: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) };
    };

    const press = (event: PointerEvent) => {
      if (event.button !== 0 || !(event.target instanceof Element) || event.target.closest("button")) return;
      element.setPointerCapture(event.pointerId);
      start = point(event);
      down.set(event.pointerId, start);
      mode = down.size > 1 ? "pinch" : event.target.closest(".compare-line") ? "split" : "press";
    };
    const drag = (event: PointerEvent) => {
      const before = down.get(event.pointerId);
      if (!before) return;
      const now = point(event);
      const old = fingers();
      if (mode === "press") {
        if (Math.hypot(now.x - start.x, now.y - start.y) < TAP) return;
        mode = latest.current.movable ? "move" : "split";
      }
      down.set(event.pointerId, now);
      if (mode === "split") latest.current.split(now.x);
      else if (mode === "move") latest.current.move(now.x - before.x, now.y - before.y);
      else if (mode === "pinch") {
        const fresh = fingers();
        latest.current.move(fresh.centre.x - old.centre.x, fresh.centre.y - old.centre.y);
        latest.current.zoom(fresh.apart / old.apart, fresh.centre);
      }
    };
    const release = (event: PointerEvent) => {
      if (!down.delete(event.pointerId)) return;
      if (mode === "press" && event.type === "pointerup") latest.current.split(point(event).x);
      mode = down.size > 0 ? "move" : "none";
    };
    const wheel = (event: WheelEvent) => {
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
      const speed = event.ctrlKey ? 0.01 : 0.002;
      // Where there is nothing more to zoom the page scrolls on.
      if (latest.current.zoom(Math.exp(-event.deltaY * lines * speed), point(event)) || event.ctrlKey) event.preventDefault();
    };
    element.addEventListener("pointerdown", press);
    element.addEventListener("pointermove", drag);
    element.addEventListener("pointerup", release);
    element.addEventListener("pointercancel", release);
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      element.removeEventListener("pointerdown", press);
      element.removeEventListener("pointermove", drag);
      element.removeEventListener("pointerup", release);
      element.removeEventListener("pointercancel", release);
      element.removeEventListener("wheel", wheel);
    };
  }, [frame]);
}
