// Enhance: the functions that make a picture of a picture. One at a time, or many with the same settings.

import { useEffect, useRef } from "preact/hooks";
import { functions, ofTask } from "../../lib/functions.ts";
import { handed, take } from "../../lib/handed.ts";
import { forget, read } from "../../lib/picture.ts";
import { place, to } from "../../lib/place.ts";
import { words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Intake } from "../../parts/intake.tsx";
import { Many } from "./many.tsx";
import { deskOf, type Desk } from "./desk.ts";
import { fnName, fnSummary, fnTitle } from "../../lib/names.ts";
import { One } from "./one.tsx";
import { Tune } from "./tune.tsx";

const say = words(
  {
    which: "Functions", looking: "Looking for the functions", none: "None of the functions here makes pictures.",
    styles: "Choose among the paintings, or mix two, under Styles.", close: "Close", closeOne: "Close this picture", closeMany: "Close these pictures",
  },
  { which: "功能", looking: "正在查找功能", none: "这里没有处理图片的功能。", styles: "在“风格”中挑选名画，或混合两幅。", close: "关闭", closeOne: "关闭此图片", closeMany: "关闭这些图片" },
);

export default function View() {
  const all = ofTask("picture");
  const named = all.find((one) => one.name === place.value[1]);
  const fn = named ?? all[0];
  if (!fn) return <div class="view">{functions.value ? <p>{say("none")}</p> : <Busy text={say("looking")} />}</div>;
  return (
    <div class="view enhance">
      <nav class="tabs" aria-label={say("which")}>
        {all.map((one) => (
          <a key={one.name} href={to("enhance", one.name)} aria-current={one === fn ? "page" : undefined}>{fnName(one.name)}</a>
        ))}
      </nav>
      <Work key={fn.name} desk={deskOf(fn)} />
    </div>
  );
}

/** Until there is a picture the head tells what is done; then it is one line, so that the picture has the room. */
function Work({ desk }: { desk: Desk }) {
  const { fn } = desk;
  const ready = handed.value;
  useEffect(() => void takeHanded(desk), [desk, ready]);
  const batch = desk.batch.value;
  const empty = !batch && !desk.picture.value;
  // "Close" goes with what it closed: the keyboard goes on where the next picture is chosen.
  const intake = useRef<HTMLDivElement>(null);
  const filled = useRef(!empty);
  useEffect(() => {
    if (empty && filled.current && document.activeElement === document.body) intake.current?.querySelector<HTMLElement>(".primary")?.focus();
    filled.current = !empty;
  }, [empty]);
  return (
    <div class={["work enhance-work", empty && "enhance-empty", batch && "enhance-many"].filter(Boolean).join(" ")}>
      <div class="enhance-top">
        <header class="view-head">
          <h1>{fnTitle(fn)}</h1>
          {empty && <p class="quiet">{fnSummary(fn)}</p>}
          {fn.name === "stylize" && <p><a href={to("styles")}>{say("styles")}</a></p>}
        </header>
        <div class="enhance-intake" ref={intake}>
          <Intake multiple small={!empty} onPictures={(pictures) => desk.take(pictures)} more={(
            <button type="button" class="quiet-button" aria-label={say(batch ? "closeMany" : "closeOne")} onClick={() => desk.close()}>
              <Icon name="close" /> {say("close")}
            </button>
          )} />
        </div>
      </div>
      {batch ? <Many desk={desk} batch={batch} tune={<Tune desk={desk} />} /> : <One desk={desk} tune={<Tune desk={desk} />} />}
    </div>
  );
}

/** What another view, or the step before, laid ready for this function. */
async function takeHanded(desk: Desk): Promise<void> {
  const ready = take(desk.fn.name);
  if (!ready) return;
  try {
    const before = desk.picture.peek();
    const picture = await read(ready.body, ready.name);
    // Another one was chosen meanwhile.
    if (desk.picture.peek() !== before) return forget(picture);
    if (ready.options) desk.options.value = ready.options;
    desk.open(picture, ready.trail ?? null);
  } catch (cause) {
    desk.run.problem.value = cause;
  }
}
