// One picture: itself, what is done with it, and what came of it.

import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { Picture } from "../../lib/picture.ts";
import { to } from "../../lib/place.ts";
import { Problem } from "../../lib/send.ts";
import { useUrl } from "../../lib/url.ts";
import { seconds, words } from "../../lib/words.ts";
import { Busy, progressText } from "../../parts/busy.tsx";
import { Compare } from "../../parts/compare.tsx";
import { Notice } from "../../parts/notice.tsx";
import type { Desk, Result } from "./desk.ts";
import { useFocusBack } from "../../lib/focus.ts";
import { fnName } from "../../lib/names.ts";
import { verb } from "./verb.ts";
import { Outcome } from "./outcome.tsx";

const say = words(
  {
    before: "Before", after: "After", beginning: "At the beginning", first: "Choose a picture first.", ready: "Ready.", done: "Done in {time}.",
    other: "Done in {time}, with other settings than now.", smaller: "Making it smaller", opening: "Opening the answer",
    again: "Try again", smallerAgain: "Make it smaller and try again",
    key: "Enter a key", unseen: "This browser can't show {name}. It is sent as it is.", answerUnseen: "This browser can't show the answer. Download it.",
    place: "What can be done with the result comes here.", with: "Compare with", step: "The step before", chain: "Made by {chain}",
  },
  {
    before: "之前", after: "之后", beginning: "最初", first: "请先选择图片。", ready: "可以开始。", done: "完成，用时 {time}。",
    other: "完成，用时 {time}，但设置与现在不同。", smaller: "正在缩小", opening: "正在打开结果",
    again: "重试", smallerAgain: "缩小后重试",
    key: "输入密钥", unseen: "浏览器无法显示 {name}，将原样发送。", answerUnseen: "浏览器无法显示结果，请下载。",
    place: "对结果的操作会显示在这里。", with: "对比", step: "上一步", chain: "经过 {chain}",
  },
);

export function One({ desk, tune }: { desk: Desk; tune: VNode }) {
  const picture = desk.picture.value;
  const result = desk.result.value;
  return (
    <>
      {picture && (
        <div class="stack">
          <Shown desk={desk} picture={picture} result={result} />
          {result
            ? (
              <Outcome
                answer={result.answer} sent={{ ...result.sent, bytes: result.sent.body.size }} picture={picture} size={result.size} name={result.name}
                trail={result.trail}
              />
            )
            : <p class="quiet enhance-place">{say("place")}</p>}
        </div>
      )}
      <div class="stack side">
        <Go desk={desk} />
        {tune}
      </div>
    </>
  );
}

/** The picture, with the answer over it once there is one. */
function Shown({ desk, picture, result }: { desk: Desk; picture: Picture; result: Result | null }) {
  const [fromFirst, setFromFirst] = useState(false);
  const after = useUrl(result?.size ? result.answer.body : null);
  const trail = result?.trail ?? desk.trail.value;
  const steps = trail?.functions.length ?? 0;
  const first = fromFirst && result && steps > 1 ? result.trail.first : null;
  const firstUrl = useUrl(first?.body ?? null);
  const sent = result?.sent ?? picture;
  const before = first && firstUrl
    ? { url: firstUrl, width: first.width, height: first.height, label: say("beginning") }
    : sent.url && { url: sent.url, width: sent.width, height: sent.height, label: say("before") };
  const made = after && result?.size ? { url: after, ...result.size, label: say("after") } : null;
  const frame = before || made;
  const chained = trail !== null && (steps > 1 || !result);
  return (
    <div class="stack tight">
      {frame
        ? <Compare before={frame} after={before ? made : null} />
        : <p class="card enhance-unseen">{say("unseen", { name: picture.name })}</p>}
      {result && !result.size && <p class="quiet">{say("answerUnseen")}</p>}
      {(picture.note || chained) && (
        <div class="row enhance-under">
          {picture.note && <p class="quiet">{picture.note}</p>}
          {chained && <p class="quiet">{say("chain", { chain: trail.functions.map(fnName).join(" → ") })}</p>}
          {result && steps > 1 && (
            <fieldset class="row">
              <legend class="hidden-words">{say("with")}</legend>
              <span class="quiet" aria-hidden="true">{say("with")}</span>
              <button type="button" aria-pressed={!fromFirst} onClick={() => setFromFirst(false)}>{say("step")}</button>
              <button type="button" aria-pressed={fromFirst} onClick={() => setFromFirst(true)}>{say("beginning")}</button>
            </fieldset>
          )}
        </div>
      )}
    </div>
  );
}

/** The button, and how it is going. */
function Go({ desk }: { desk: Desk }) {
  const press = () => {
    pressed();
    void desk.enhance();
  };
  const picture = desk.picture.value;
  const step = desk.step.value;
  const [button, pressed] = useFocusBack(step !== null);
  const problem = desk.run.problem.value;
  const result = desk.result.value;
  const progress = desk.run.progress.value;
  const text = progress ? progressText(progress) : say(step === "shrinking" ? "smaller" : "opening");
  const idle = !picture ? say("first") : !result ? say("ready") : say(desk.current.value ? "done" : "other", { time: seconds(result.answer.seconds) });
  return (
    <section class="card stack tight go">
      <button type="button" class="primary" ref={button} disabled={!picture || step !== null} onClick={press}>{verb(desk.fn.name)}</button>
      <div class="enhance-state">
        {step
          ? <Busy text={text} share={progress?.stage === "sending" ? progress.sent : undefined} stop={() => desk.stop()} />
          : problem !== null
            ? <Notice problem={problem}><WaysOn desk={desk} problem={problem} /></Notice>
            : <p class="quiet" role="status">{idle}</p>}
      </div>
    </section>
  );
}

/** What a person can do after a failure. */
function WaysOn({ desk, problem }: { desk: Desk; problem: unknown }) {
  const why = problem instanceof Problem ? problem.why : null;
  if (!desk.picture.value) return null;
  if (why === "key") return <a class="button" href={to("status")}>{say("key")}</a>;
  const shrinks = (why === "tooLarge" || why === "deadline") && desk.picture.value.url !== null && !desk.shrink.value.on;
  const again = () => {
    if (shrinks) desk.shrink.value = { ...desk.shrink.peek(), on: true };
    void desk.enhance();
  };
  return <button type="button" onClick={again}>{say(shrinks ? "smallerAgain" : "again")}</button>;
}
