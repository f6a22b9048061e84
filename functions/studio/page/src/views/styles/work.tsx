// The chosen style at work: the picture, the mix, Generate, what there is to know about the painting, the controls.

import { useFocusBack } from "../../lib/focus.ts";
import { seconds, words } from "../../lib/words.ts";
import { Busy, progressText } from "../../parts/busy.tsx";
import { Controls } from "../../parts/controls.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Introduction } from "./introduction.tsx";
import { written } from "./mix.ts";
import { Mixer } from "./mixer.tsx";
import { paint } from "./paint.ts";
import type { Painting } from "./paintings.ts";
import { percent, setOptions, setPercent, slot } from "./slots.ts";
import { Stage } from "./stage.tsx";
import { told } from "../../lib/translated.ts";

const say = words(
  {
    generate: "Generate", first: "Choose a picture first.", ready: "Ready.", done: "Painted in {time}.", again: "Try again", settings: "Settings",
  },
  {
    generate: "生成", first: "请先选择一张图片。", ready: "就绪。", done: "已绘成，用时 {time}。", again: "重试", settings: "设置",
  },
);

export function Work({ all, first, second }: { all: Painting[]; first: Painting; second: Painting | null }) {
  const here = slot(first.name, second?.name ?? null);
  const share = second ? percent(here, first.name, second.name) : 0;
  const progress = here.run.progress.value;
  const [button, pressed] = useFocusBack(progress !== null);
  const problem = here.run.problem.value;
  const made = here.made.value;
  const state = !here.picture.value ? say("first") : problem !== null ? "" : made ? say("done", { time: seconds(made.answer.seconds) }) : say("ready");
  const generate = () => paint(first.fn, here, written({ first: first.name, second: second?.name ?? null, percent: share }));
  return (
    <div class="work">
      <Stage key={`${first.name}/${second?.name ?? ""}`} slot={here} all={all} />
      <div class="stack side">
        <section class="card stack tight go">
          {second && (
            <Mixer first={told(first.title)} second={told(second.title)} percent={share}
              onChange={(value) => setPercent(here, first.name, second.name, value)} />
          )}
          <button type="button" class="primary" ref={button} disabled={!here.picture.value || progress !== null} onClick={() => { pressed(); void generate(); }}>
            {say("generate")}
          </button>
          <div class="wait">
            {progress ? (
              <Busy text={progressText(progress)} share={progress.stage === "sending" ? progress.sent : undefined} stop={() => here.run.stop()} />
            ) : (
              <p class="quiet" role="status">{state}</p>
            )}
          </div>
          {problem !== null && <Notice problem={problem}><button type="button" onClick={() => void generate()}>{say("again")}</button></Notice>}
        </section>
        <Introduction painting={first} />
        {second && <Introduction painting={second} />}
        <section class="card" aria-label={say("settings")}>
          <Controls fn={first.fn} value={here.options.value} onChange={(value) => setOptions(here, value)} without={["style", "model"]} />
        </section>
      </div>
    </div>
  );
}
