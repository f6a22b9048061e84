// The boxes as a list: each entry lights its box, and is lit by it.

import { useLayoutEffect, useRef } from "preact/hooks";
import { number, words } from "../../lib/words.ts";
import { follow, type Box } from "./boxes.ts";
import { className } from "../../lib/coco.ts";
import { Swatch } from "./filters.tsx";
import { percent } from "./words.ts";
import type { Scene } from "./scene.ts";

const say = words(
  {
    title: "Found", place: "x {left} to {right}, y {top} to {bottom}", nothing: "Nothing reaches the lowest score. A lower one shows more.",
    clear: "Nothing was found.", more: "and {count} more",
  },
  {
    title: "找到的物体", place: "x {left} 到 {right}，y {top} 到 {bottom}", nothing: "没有达到最低得分的物体。调低得分可看到更多。",
    clear: "没有找到物体。", more: "另有 {count} 个",
  },
);

/** As many entries as are listed: more than anybody reads. */
const MOST = 100;

/** `waiting`: what stands here until there is something; `head`: what stands beside the title. */
export function Found({ scene, waiting, head }: { scene: Scene; waiting: string | null; head?: string }) {
  const list = useRef<HTMLUListElement>(null);
  const listed = scene.listed.value;
  // The list is a little behind a video; what is lit is found again in it.
  const same = (box: Box | null) => (box && listed.includes(box) ? box : follow(box, listed));
  const [lit, chosen] = [same(scene.lit.value), same(scene.chosen.value)];
  useLayoutEffect(() => {
    const entry = list.current?.querySelector<HTMLElement>("[data-lit]");
    if (entry && !entry.matches(":hover, :focus")) bringIntoView(entry, list.current);
  }, [lit]);
  const now = (box: Box) => (scene.boxes.peek().includes(box) ? box : follow(box, scene.shown.peek()));
  const empty = waiting ?? (scene.calm.value.length > 0 ? say("nothing") : say("clear"));
  return (
    <section class="card stack tight detect-found" aria-label={say("title")}>
      <div class="row detect-found-head">
        <h2>{say("title")} <span class="quiet">{number(listed.length)}</span></h2>
        {head && <span class="quiet">{head}</span>}
      </div>
      <ul ref={list}>
        {listed.length === 0 && <li class="quiet">{empty}</li>}
        {listed.slice(0, MOST).map((box, index) => (
          <li key={index}>
            <button type="button" class="found" aria-pressed={box === chosen} data-lit={box === lit ? "" : undefined}
              onPointerEnter={(event) => { if (event.pointerType !== "touch") scene.pointed.value = now(box); }}
              onPointerLeave={() => { scene.pointed.value = null; }}
              onFocus={(event) => { if (event.currentTarget.matches(":focus-visible")) scene.pointed.value = now(box); }}
              onBlur={() => { scene.pointed.value = null; }}
              onClick={() => scene.choose(now(box))}
            >
              <Swatch id={box.id} />
              <span class="found-name">{className(box.name)}</span>{" "}
              <span class="found-score">{percent(box.score)}</span>{" "}
              <span class="quiet found-place">{place(box)}</span>
            </button>
          </li>
        ))}
        {listed.length > MOST && <li class="quiet">{say("more", { count: number(listed.length - MOST) })}</li>}
      </ul>
    </section>
  );
}

function place({ box: [left, top, right, bottom] }: Box): string {
  return say("place", { left: Math.round(left), top: Math.round(top), right: Math.round(right), bottom: Math.round(bottom) });
}

/** Scrolls the list, never the page. */
function bringIntoView(entry: HTMLElement, list: HTMLElement | null): void {
  if (!list) return;
  const [inner, outer] = [entry.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}
