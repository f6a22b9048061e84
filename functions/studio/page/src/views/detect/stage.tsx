// The picture, video or camera with the boxes drawn over it, as large as there is room for.

import { effect } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { language } from "../../lib/words.ts";
import { at, type Box, type Size } from "./boxes.ts";
import { draw } from "./draw.ts";
import type { Scene } from "./scene.ts";

export interface StageProps {
  scene: Scene;
  /** Pixels, while the scene does not know them yet. */
  size: Size | null;
  /** What lies below the boxes; it fills the stage. */
  children?: ComponentChildren;
  /** The element, for what is told to others by its data. */
  root?: RefObject<HTMLDivElement | null>;
}

export function Stage({ scene, size, children, root }: StageProps) {
  const own = useRef<HTMLDivElement>(null);
  const stage = root ?? own;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => (canvas.current ? overlay(canvas.current, scene) : undefined), [scene]);

  const { width, height } = scene.size.value ?? size ?? { width: 4, height: 3 };
  const under = (event: PointerEvent | MouseEvent): Box | null => {
    const [area, pixels] = [canvas.current?.getBoundingClientRect(), scene.size.peek()];
    if (!area || !pixels) return null;
    const [x, y] = [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
    return at(scene.shown.peek(), x * pixels.width, y * pixels.height);
  };
  return (
    <div class="detect-stage" ref={stage} style={{ "--ratio": String(width / height) }}
      onPointerMove={(event) => { if (event.pointerType !== "touch") scene.pointed.value = under(event); }}
      onPointerLeave={() => { scene.pointed.value = null; }}
      onClick={(event) => scene.choose(under(event))}
    >
      {children}
      <canvas ref={canvas} class="detect-boxes" aria-hidden="true" />
    </div>
  );
}

/** Keeps a canvas as sharp as the screen and drawn as the scene is; gives what ends that. */
function overlay(canvas: HTMLCanvasElement, scene: Scene): () => void {
  const context = canvas.getContext("2d");
  if (!context) return () => undefined;
  let [ratio, asked] = [1, 0];
  const redraw = () => {
    asked = 0;
    const [size, shown] = [scene.size.peek(), scene.shown.peek()];
    canvas.dataset["boxes"] = String(shown.length);
    if (size) draw(context, shown, size, ratio, { names: scene.names.peek(), lit: scene.lit.peek() });
    else context.clearRect(0, 0, canvas.width, canvas.height);
  };
  const ask = () => {
    asked ||= requestAnimationFrame(redraw);
  };
  const fitted = new ResizeObserver(([entry]) => {
    if (!entry) return;
    const { width, height } = entry.contentRect;
    ratio = devicePixelRatio;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    redraw();
  });
  fitted.observe(canvas);
  const ended = effect(() => {
    // Read, so that each change of one of them draws anew.
    void [scene.size.value, scene.shown.value, scene.names.value, scene.lit.value, language.value];
    ask();
  });
  return () => {
    ended();
    fitted.disconnect();
    cancelAnimationFrame(asked);
  };
}
