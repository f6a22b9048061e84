// What came of a picture: how long it took, how large it is, what can be done with it.

import { handed, type Trail } from "../../lib/handed.ts";
import { ofTask } from "../../lib/functions.ts";
import { go } from "../../lib/place.ts";
import type { Answer } from "../../lib/send.ts";
import { bytes, number, seconds, words } from "../../lib/words.ts";
import { Actions } from "../../parts/actions.tsx";
import { Fact } from "../../parts/fact.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Snippet } from "../../parts/snippet.tsx";
import { fnName, fnTitle } from "../../lib/names.ts";

const say = words(
  {
    result: "Result", time: "Time", stages: "In the function", size: "Size", model: "Network", smaller: "Made smaller first",
    next: "Use as the next input", queue: "queue", decode: "decode", run: "run", encode: "encode", fetch: "fetch",
  },
  {
    result: "结果", time: "用时", stages: "功能内部", size: "尺寸", model: "网络", smaller: "已先缩小",
    next: "作为下一步的输入", queue: "排队", decode: "解码", run: "计算", encode: "编码", fetch: "读取",
  },
);

interface Measured {
  width: number;
  height: number;
}

export interface OutcomeProps {
  answer: Answer;
  sent: Measured & { bytes: number };
  /** As it came in. */
  picture: Measured & { body: Blob; name: string };
  size: Measured | null;
  /** The answer's file name. */
  name: string;
  trail: Trail;
  /** Functions that are not offered as the next. */
  not?: string;
}

export function Outcome({ answer, sent, picture, size, name, trail, not }: OutcomeProps) {
  const { fn } = answer.ask;
  // Nothing took time inside where the function had the answer already.
  const inside = stages(answer.stages);
  const chain = trail.functions.map(fnName).join(" → ");
  const caption = trail.functions.length > 1 ? chain : fnTitle(fn);
  return (
    <section class="stack enhance-outcome" aria-label={say("result")}>
      <Actions body={answer.body} name={name} caption={caption} width={size?.width ?? 0} height={size?.height ?? 0} />
      <Next body={answer.body} name={name} trail={trail} not={not} />
      <dl class="enhance-facts">
        <Fact name={say("time")}>{seconds(answer.seconds)}</Fact>
        {inside && <Fact name={say("stages")}>{inside}</Fact>}
        {sent.bytes !== picture.body.size && (
          <Fact name={say("smaller")}>{large(picture, picture.body.size)} → {large(sent, sent.bytes)}</Fact>
        )}
        <Fact name={say("size")}>{large(sent, sent.bytes)} → {large(size, answer.body.size)}</Fact>
        {answer.model && <Fact name={say("model")}><code>{answer.model}</code></Fact>}
      </dl>
      <Snippet ask={answer.ask} file={picture.name} />
    </section>
  );
}

function Next({ body, name, trail, not }: { body: Blob; name: string; trail: Trail; not?: string | undefined }) {
  return (
    <details class="enhance-next">
      <summary><Icon name="next" /> {say("next")}</summary>
      <div class="row">
        {ofTask("picture").filter((one) => one.name !== not).map((one) => (
          <button
            type="button" key={one.name}
            onClick={() => {
              handed.value = { body, name, trail, fn: one.name };
              go("enhance", one.name);
            }}
          >
            {fnName(one.name)}
          </button>
        ))}
      </div>
    </details>
  );
}

/** Pixels, where the browser can read the picture, and bytes. */
function large(size: Measured | null, count: number): string {
  return size?.width ? `${size.width} x ${size.height}, ${bytes(count)}` : bytes(count);
}

const STAGES = ["queue", "fetch", "decode", "run", "encode"] as const;

/** The function's own stages that took at least a millisecond. */
function stages(given: Record<string, number>): string {
  return STAGES.flatMap((stage) => {
    const took = given[stage] ?? 0;
    return took >= 1 ? [`${say(stage)} ${number(took)} ms`] : [];
  }).join(", ");
}
