// Styles: a gallery of paintings, and photographs painted like one of them, or like two mixed.

import { useEffect, useState } from "preact/hooks";
import { functions } from "../../lib/functions.ts";
import { handed, take } from "../../lib/handed.ts";
import { read } from "../../lib/picture.ts";
import { go, place } from "../../lib/place.ts";
import { words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Gallery } from "./gallery.tsx";
import { parsed, type Choice } from "./mix.ts";
import { paintings, type Painting } from "./paintings.ts";
import { latest, put, setOptions, setPercent, slot } from "./slots.ts";
import { Work } from "./work.tsx";

const say = words(
  {
    title: "Styles", about: "Choose a painting; your photograph is painted like it. A second one can be mixed in.", opening: "Opening the paintings",
    none: "None of the functions here has styles.", unknown: "There is no style {name} here.", again: "Try again", waiting: "{name} is ready: choose a painting.",
  },
  {
    title: "风格", about: "选一幅画，照片就会画成它的样子。还可以再混入一幅。", opening: "正在打开画作",
    none: "这里没有带风格的功能。", unknown: "这里没有风格 {name}。", again: "重试", waiting: "{name} 已就绪：请选择一幅画。",
  },
);

export default function View() {
  const ready = functions.value !== null;
  const [all, show] = useState<Painting[] | null>(null);
  const [failure, fail] = useState<unknown>(null);
  const [attempt, count] = useState(0);
  useEffect(() => {
    if (!ready) return;
    let current = true;
    fail(null);
    paintings().then((found) => current && show(found), (cause: unknown) => current && fail(cause));
    return () => {
      current = false;
    };
  }, [ready, attempt]);

  const [, wanted, mixed] = place.value;
  const first = all?.find((one) => one.name === wanted);
  const second = first && all?.find((one) => one.name === mixed && one !== first && one.fn === first.fn && first.together.has(one.name));
  const choice: Choice | null = first ? { first: first.name, second: second?.name ?? null, percent: 50 } : null;
  const [refused, refuse] = useState<unknown>(null);
  const given = handed.value;
  useEffect(() => {
    if (all && given) void arrive(all, choice).then(() => refuse(null), refuse);
  }, [all, given]);

  return (
    <div class={first ? "view styles-open" : "view"}>
      <header class="view-head">
        <h1>{say("title")}</h1>
        <p class="quiet">{say("about")}</p>
      </header>
      {refused !== null && <Notice problem={refused} />}
      {failure !== null ? (
        <Notice problem={failure}><button type="button" onClick={() => count(attempt + 1)}>{say("again")}</button></Notice>
      ) : !all ? (
        <Busy text={say("opening")} />
      ) : all.length === 0 ? (
        <p>{say("none")}</p>
      ) : (
        <>
          {wanted && !first && <Notice problem={say("unknown", { name: wanted })} />}
          {!first && latest.value && <p>{say("waiting", { name: latest.value.name })}</p>}
          <Gallery all={all} choice={choice} />
          {first && <Work all={all} first={first} second={second ?? null} />}
        </>
      )}
    </div>
  );
}

/** A picture that was handed over goes to the style that its options name, else to the one that is open. */
async function arrive(all: Painting[], open: Choice | null): Promise<void> {
  const wanted = handed.peek()?.fn;
  const given = wanted && !all.some((one) => one.fn.name === wanted) ? null : take();
  if (!given) return;
  const picture = await read(given.body, given.name);
  const { style, model: _, ...options } = given.options ?? {};
  const named = style === undefined ? null : parsed(String(style));
  const known = (name: string | null) => name === null || all.some((one) => one.name === name);
  const choice = named && known(named.first) && known(named.second) ? named : open;
  const here = choice && slot(choice.first, choice.second);
  put(here, picture);
  if (!choice || !here) return;
  if (given.options) setOptions(here, options);
  if (choice === named && choice.second !== null) setPercent(here, choice.first, choice.second, choice.percent);
  if (choice === named) go("styles", choice.first, ...(choice.second === null ? [] : [choice.second]));
}
