// What of the boxes is shown: lowest score, names, classes. All of it at once, without a new request.

import { number, words } from "../../lib/words.ts";
import { className } from "../../lib/coco.ts";
import { colour, css } from "./draw.ts";
import { percent } from "./words.ts";
import type { Scene } from "./scene.ts";

const say = words(
  { show: "What is shown", lowest: "Lowest score", names: "Names and scores", classes: "Classes", all: "Show all", none: "The classes that are found come here." },
  { show: "显示内容", lowest: "最低得分", names: "名称和得分", classes: "类别", all: "全部显示", none: "找到的类别会列在这里。" },
);

/** `lowest`: what was asked for; below it the page has nothing to show. */
export function Filters({ scene, lowest }: { scene: Scene; lowest: number }) {
  const { threshold, names, hidden, classes } = scene;
  return (
    <section class="card stack tight" aria-label={say("show")}>
      <label class="detect-range">
        <span>{say("lowest")}</span>
        <span class="detect-value" aria-hidden="true">{percent(threshold.value)}</span>
        <input type="range" min={lowest} max={0.99} step={0.01} value={threshold.value} aria-valuetext={percent(threshold.value)}
          onInput={(event) => { threshold.value = Number(event.currentTarget.value); }} />
      </label>
      <label class="detect-check">
        <input type="checkbox" checked={names.value} onChange={(event) => { names.value = event.currentTarget.checked; }} />
        <span>{say("names")}</span>
      </label>
      <div class="detect-chips" role="group" aria-label={say("classes")}>
        {classes.value.length === 0 && <p class="quiet">{say("none")}</p>}
        {classes.value.map(({ id, name, count }) => (
          <button type="button" key={id} class="chip" aria-pressed={!hidden.value.has(id)} onClick={() => scene.toggle(id)}>
            <Swatch id={id} /> {className(name)} <span class="chip-count">{number(count)}</span>
          </button>
        ))}
        {hidden.value.size > 0 && <button type="button" class="quiet-button chip" onClick={() => { hidden.value = new Set(); }}>{say("all")}</button>}
      </div>
    </section>
  );
}

/** A class's colour as a small square. */
export function Swatch({ id }: { id: number }) {
  return <span class="swatch" style={{ background: css(colour(id)) }} />;
}
