// Classify: what a picture shows, as bars beside it.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { functions, ofTask, type Fn } from "../../lib/functions.ts";
import { useFocusBack } from "../../lib/focus.ts";
import { handed, take } from "../../lib/handed.ts";
import { keep } from "../../lib/history.ts";
import { forget, read, type Picture } from "../../lib/picture.ts";
import { Run } from "../../lib/run.ts";
import type { Answer, Options } from "../../lib/send.ts";
import { tell } from "../../lib/tell.ts";
import { number, seconds, words } from "../../lib/words.ts";
import { Busy, progressText } from "../../parts/busy.tsx";
import { Controls } from "../../parts/controls.tsx";
import { Intake } from "../../parts/intake.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Snippet } from "../../parts/snippet.tsx";
import { Bars } from "./bars.tsx";
import { labels, type Label } from "./labels.ts";
import { className } from "./names.ts";
import { Sized } from "./sized.tsx";

const say = words(
  {
    title: "Classify", about: "Which of ten everyday things a picture shows.", go: "Classify", again: "Try again", first: "Choose a picture first.",
    ready: "Ready.", line: "{time}, network {model}", done: "{name}, {percent} %", none: "No function here tells classes.", opening: "Opening",
    place: "The classes will stand here, the most probable first.", settings: "Settings",
  },
  {
    title: "分类", about: "图片里是十种日常事物中的哪一种。", go: "分类", again: "重试", first: "请先选择一张图片。",
    ready: "就绪。", line: "{time}，网络 {model}", done: "{name}，{percent} %", none: "这里没有分类功能。", opening: "正在打开",
    place: "类别将显示在这里，概率最高的在前。", settings: "设置",
  },
);

/** All classes there are: the function tells five unless it is asked for more. */
const ALL: Options = { top_k: 10 };
/** What is not about the classes. */
const NOT_SHOWN = ["top_k", "format", "quality", "compression", "max_side"];

export default function View() {
  const fn = ofTask("labels")[0];
  return (
    <div class="view">
      <header class="view-head">
        <h1>{say("title")}</h1>
        <p class="quiet">{say("about")}</p>
      </header>
      {fn ? <Work fn={fn} /> : functions.value ? <p>{say("none")}</p> : <Busy text={say("opening")} />}
    </div>
  );
}

interface Made {
  answer: Answer;
  labels: Label[];
}

function Work({ fn }: { fn: Fn }) {
  const run = useMemo(() => new Run(), []);
  const [picture, show] = useState<Picture | null>(null);
  const [options, setOptions] = useState<Options>({});
  const [made, make] = useState<Made | null>(null);
  const [refused, refuse] = useState<unknown>(null);
  const held = useRef<Picture | null>(null);
  const gone = useRef(false);
  const put = (one: Picture | undefined) => {
    if (!one) return;
    if (held.current) forget(held.current);
    held.current = one;
    run.clear();
    make(null);
    refuse(null);
    show(one);
  };
  useEffect(() => () => {
    run.stop();
    if (held.current) forget(held.current);
    held.current = null;
    gone.current = true;
  }, []);
  const given = handed.value;
  useEffect(() => {
    const ready = given && take(fn.name);
    if (!ready) return;
    const { top_k: _, ...rest } = ready.options ?? {};
    setOptions(rest);
    const before = held.current;
    read(ready.body, ready.name).then((one) => {
      // Another came in meanwhile, or the view is left.
      if (gone.current || held.current !== before) forget(one);
      else put(one);
    }, refuse);
  }, [given]);

  const ask = async () => {
    if (!picture || run.busy.peek()) return;
    refuse(null);
    const sent = { ...ALL, ...options };
    const answer = await run.start({ fn, body: picture.body, options: sent, accept: "application/json" });
    if (!answer) return;
    try {
      const found = await labels(answer.body);
      if (held.current !== picture) return;
      make({ answer, labels: found });
      const best = found[0];
      if (best) tell(say("done", { name: className(best.name), percent: number(best.score * 100, 1) }));
    } catch (cause) {
      return refuse(cause);
    }
    const { seconds, model, body: after } = answer;
    await keep({ fn: fn.name, name: picture.name, options: sent, seconds, model, before: picture.body, after });
  };

  const progress = run.progress.value;
  const [button, pressed] = useFocusBack(progress !== null);
  const problem = refused ?? run.problem.value;
  const line = made && say("line", { time: seconds(made.answer.seconds), model: made.answer.model ?? fn.name });
  const state = !picture ? say("first") : problem !== null ? "" : (line ?? say("ready"));
  return (
    <div class="work">
      <div class="photo stack">
        {picture ? <Sized picture={picture} /> : <Intake onPictures={([one]) => put(one)} />}
        {picture?.note && <p class="quiet">{picture.note}</p>}
        {picture && <Intake small onPictures={([one]) => put(one)} />}
      </div>
      <div class="stack side">
        <section class="card stack tight go">
          <button type="button" class="primary" ref={button} disabled={!picture || progress !== null} onClick={() => { pressed(); void ask(); }}>{say("go")}</button>
          <div class="wait">
            {progress ? (
              <Busy text={progressText(progress)} share={progress.stage === "sending" ? progress.sent : undefined} stop={() => run.stop()} />
            ) : (
              <p class="quiet" role="status">{state}</p>
            )}
          </div>
          {problem !== null && <Notice problem={problem}>{picture && <button type="button" onClick={() => void ask()}>{say("again")}</button>}</Notice>}
        </section>
        <div class="card bars-place">{made ? <Bars labels={made.labels} /> : <p class="quiet">{say("place")}</p>}</div>
        <section class="card" aria-label={say("settings")}>
          <Controls fn={fn} value={options} onChange={setOptions} without={NOT_SHOWN} />
        </section>
        {made && <Snippet ask={made.answer.ask} file={picture?.name ?? ""} />}
      </div>
    </div>
  );
}
