// A picture and what is in it.

import { useEffect, useRef } from "preact/hooks";
import type { Fn } from "../../lib/functions.ts";
import { handed, take } from "../../lib/handed.ts";
import { forget, read } from "../../lib/picture.ts";
import { number, seconds, words } from "../../lib/words.ts";
import { save, Actions } from "../../parts/actions.tsx";
import { Busy, progressText } from "../../parts/busy.tsx";
import { Controls } from "../../parts/controls.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Intake } from "../../parts/intake.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Snippet } from "../../parts/snippet.tsx";
import { LOWEST } from "./boxes.ts";
import { Filters } from "./filters.tsx";
import { Found } from "./found.tsx";
import type { PictureWork } from "./picture-work.ts";
import { Stage } from "./stage.tsx";

const say = words(
  {
    detect: "Detect", again: "Try again", first: "Choose a picture first.", ready: "Ready.", line: "{shown} of {count} shown, {time}",
    list: "What is found stands here, with its score and place.", download: "Download with boxes", settings: "Settings",
    unseen: "This browser can't show {name}; the boxes are drawn in a blank of its size.", caption: "{count} things found",
  },
  {
    detect: "检测", again: "重试", first: "请先选择一张图片。", ready: "就绪。", line: "显示 {shown} 个，共 {count} 个，{time}",
    list: "找到的物体、得分和位置会列在这里。", download: "下载带框图片", settings: "设置",
    unseen: "浏览器无法显示 {name}；框画在同样大小的空白上。", caption: "找到 {count} 个物体",
  },
);

/** What the page filters or shows by itself, and how the answer is written. */
const SETTINGS = ["model", "iou"];

export function PictureTab({ fn, work }: { fn: Fn; work: PictureWork }) {
  const { scene, run } = work;
  const given = handed.value;
  const left = useRef(false);
  useEffect(() => () => { left.current = true; }, []);
  useEffect(() => {
    const ready = given && take(fn.name);
    if (!ready) return;
    const { threshold: _, max_boxes: __, names: ___, classes: ____, ...options } = ready.options ?? {};
    work.options.value = options;
    const before = work.picture.peek();
    read(ready.body, ready.name).then(
      // Another one was chosen meanwhile, or the view was left.
      (picture) => (left.current || work.picture.peek() !== before ? forget(picture) : work.put(picture)),
      (cause: unknown) => { run.problem.value = cause; },
    );
  }, [given]);

  const picture = work.picture.value;
  const answer = work.answer.value;
  const progress = run.progress.value;
  const line = !picture ? say("first")
    : answer ? say("line", { shown: number(scene.shown.value.length), count: number(scene.boxes.value.length), time: seconds(answer.seconds) })
    : say("ready");
  const put = ([one]: Parameters<PictureWork["put"]>[0][]) => one && work.put(one);
  return (
    <div class="work">
      <div class="stack">
        {picture ? (
          <Stage scene={scene} size={picture.width > 0 ? picture : null}>
            {picture.url ? <img src={picture.url} alt={picture.name} /> : <p class="detect-blank">{say("unseen", { name: picture.name })}</p>}
          </Stage>
        ) : <Intake onPictures={put} />}
        {picture?.note && <p class="quiet">{picture.note}</p>}
        {picture && <Intake small onPictures={put} />}
      </div>
      <div class="stack side">
        <section class="card stack tight go">
          <button type="button" class="primary" disabled={!picture || progress !== null} onClick={() => void work.detect(fn)}>
            <Icon name="detect" /> {say("detect")}
          </button>
          <div class="detect-wait">
            {progress
              ? <Busy text={progressText(progress)} share={progress.stage === "sending" ? progress.sent : undefined} stop={() => run.stop()} />
              : <p class="quiet" role="status">{line}</p>}
          </div>
          {run.problem.value !== null && (
            <Notice problem={run.problem.value}>
              {picture && <button type="button" onClick={() => void work.detect(fn)}>{say("again")}</button>}
            </Notice>
          )}
        </section>
        <Filters scene={scene} lowest={LOWEST} />
        <Found scene={scene} waiting={answer ? null : say("list")} />
        <Save fn={fn} work={work} />
        <details class="card detect-settings">
          <summary>{say("settings")}</summary>
          <Controls fn={fn} value={work.options.value} onChange={(options) => { work.options.value = options; }} only={SETTINGS} />
        </details>
        {answer && picture && <Snippet ask={{ ...answer.ask, options: work.filters() }} file={picture.name} />}
      </div>
    </div>
  );
}

/** The picture with the boxes that are shown, drawn by the function. */
function Save({ fn, work }: { fn: Fn; work: PictureWork }) {
  const { drawing, drawn, scene, answer } = work;
  const progress = drawing.progress.value;
  const made = drawn.value;
  const current = made !== null && JSON.stringify(made.options) === JSON.stringify(work.filters()) ? made : null;
  const size = scene.size.value;
  const go = async () => {
    const finished = await work.draw(fn);
    if (finished) save(finished.body, finished.name);
  };
  // The focus goes with what takes the button's place.
  const actions = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (current && document.activeElement === document.body) actions.current?.querySelector("button")?.focus();
  }, [current]);
  if (current && size) {
    const caption = say("caption", { count: number(scene.shown.value.length) });
    return <div ref={actions}><Actions body={current.body} name={current.name} caption={caption} {...size} /></div>;
  }
  return (
    <div class="stack tight">
      <button type="button" disabled={answer.value === null || progress !== null || scene.shown.value.length === 0} onClick={() => void go()}>
        <Icon name="download" /> {say("download")}
      </button>
      {progress && <Busy text={progressText(progress)} stop={() => drawing.stop()} />}
      {drawing.problem.value !== null && (
        <Notice problem={drawing.problem.value}><button type="button" onClick={() => void go()}>{say("again")}</button></Notice>
      )}
    </div>
  );
}
