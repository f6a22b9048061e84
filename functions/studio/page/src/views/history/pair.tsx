// Two things of the history against each other: their results laid over one another where they have one shape, else side by side.

import { fnName } from "../../lib/names.ts";
import { to } from "../../lib/place.ts";
import { seconds, words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Compare } from "../../parts/compare.tsx";
import { Notice } from "../../parts/notice.tsx";
import { optionsText, timeText } from "./described.ts";
import { Lines } from "./lines.tsx";
import { useLoaded, type Loaded } from "./loaded.tsx";
import { Back } from "./thing.tsx";

const say = words(
  { opening: "Opening", gone: "One of the two is no longer in the history.", back: "All of the history", first: "First", second: "Second", unseen: "This browser can't show this picture." },
  { opening: "正在打开", gone: "其中一项已不在历史中。", back: "全部历史", first: "第一项", second: "第二项", unseen: "浏览器无法显示这张图片。" },
);

export function Pair({ ids: [one, other] }: { ids: [number, number] }) {
  const [first, second] = [useLoaded(one), useLoaded(other)];
  if (first === "gone" || second === "gone") return <Notice problem={say("gone")}><a class="button" href={to("history")}>{say("back")}</a></Notice>;
  if (!first || !second) return <><Back /><div class="history-wait"><Busy text={say("opening")} /></div></>;
  const alike = first.after && second.after && Math.abs(Math.log((first.after.width / first.after.height) * (second.after.height / second.after.width))) < 0.02;
  return (
    <>
      <Back />
      {alike && first.after && second.after
        ? <Compare before={{ ...first.after, label: name(first, "first") }} after={{ ...second.after, label: name(second, "second") }} />
        : <div class="history-pair"><Alone loaded={first} /><Alone loaded={second} /></div>}
      <div class="history-pair">
        <Told loaded={first} which="first" />
        <Told loaded={second} which="second" />
      </div>
    </>
  );
}

function name({ kept }: Loaded, which: "first" | "second"): string {
  return `${say(which)} · ${fnName(kept.fn)}`;
}

function Alone({ loaded: { kept, before, after, lines } }: { loaded: Loaded }) {
  const shown = after ?? before;
  return (
    <div class="stack tight">
      {shown ? <img class="history-single" src={shown.url} width={shown.width} height={shown.height} alt={`${fnName(kept.fn)}, ${kept.name}`} /> : <p class="card">{say("unseen")}</p>}
      {!kept.after.type.startsWith("image/") && <Lines lines={lines} />}
    </div>
  );
}

function Told({ loaded, which }: { loaded: Loaded; which: "first" | "second" }) {
  const { kept } = loaded;
  return (
    <div class="card stack tight">
      <h2><a href={to("history", String(kept.id))}>{name(loaded, which)}</a></h2>
      <p>{kept.name}</p>
      <p class="quiet">{optionsText(kept)}</p>
      <p class="quiet">{timeText(kept.time)} · {seconds(kept.seconds)}</p>
    </div>
  );
}
