// One thing of the history, opened: before and after, what was set, and ways on.

import { functions, type Fn } from "../../lib/functions.ts";
import { handed } from "../../lib/handed.ts";
import type { Kept } from "../../lib/history.ts";
import { fnName } from "../../lib/names.ts";
import { resultName } from "../../lib/picture.ts";
import { go, to } from "../../lib/place.ts";
import { bytes, seconds, words } from "../../lib/words.ts";
import { Actions } from "../../parts/actions.tsx";
import { Busy } from "../../parts/busy.tsx";
import { Compare } from "../../parts/compare.tsx";
import { Fact } from "../../parts/fact.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { optionsText, taskOf, timeText } from "./described.ts";
import { Lines } from "./lines.tsx";
import { useLoaded, type Loaded } from "./loaded.tsx";
import { removeOne } from "./undo.tsx";

const say = words(
  {
    back: "All of the history", opening: "Opening", gone: "This thing is no longer in the history.", before: "Before", after: "After",
    unseen: "This browser can't show this kind of picture. It can still be downloaded and used.", open: "Open in {name}", openMore: "The picture as it was, with these settings.",
    next: "Use the result in", nextPicture: "Use the picture in", remove: "Delete", settings: "Settings", when: "When", took: "Took", model: "Network", size: "Sizes",
    sizes: "{before} to {after}",
  },
  {
    back: "全部历史", opening: "正在打开", gone: "历史中已没有这一项。", before: "之前", after: "之后",
    unseen: "浏览器无法显示这种图片，但仍可下载和使用。", open: "在“{name}”中打开", openMore: "原图，连同这些设置。",
    next: "把结果用于", nextPicture: "把图片用于", remove: "删除", settings: "设置", when: "时间", took: "用时", model: "网络", size: "大小",
    sizes: "{before} → {after}",
  },
);

export function Thing({ id }: { id: number }) {
  const loaded = useLoaded(id);
  if (!loaded) return <><Back /><div class="history-wait"><Busy text={say("opening")} /></div></>;
  if (loaded === "gone") return <Notice problem={say("gone")}><a class="button" href={to("history")}>{say("back")}</a></Notice>;
  const { kept } = loaded;
  return (
    <>
      <Back />
      <div class="work">
        <Shown loaded={loaded} />
        <div class="stack">
          <h2>{fnName(kept.fn)} · {kept.name}</h2>
          <dl class="history-facts">
            <Fact name={say("settings")}>{optionsText(kept)}</Fact>
            <Fact name={say("when")}>{timeText(kept.time)}</Fact>
            <Fact name={say("took")}>{seconds(kept.seconds)}</Fact>
            <Fact name={say("size")}>{say("sizes", { before: sizeText(kept.before, loaded.before), after: sizeText(kept.after, loaded.after) })}</Fact>
            {kept.model && <Fact name={say("model")}><code>{kept.model}</code></Fact>}
          </dl>
          <Actions body={kept.after} name={resultName(kept.name, kept.fn, kept.after.type)} caption={`${fnName(kept.fn)} · ${kept.name}`} width={loaded.after?.width ?? 0} height={loaded.after?.height ?? 0} />
          <On kept={kept} />
          <div><button type="button" class="danger" onClick={() => void removeOne(kept.id).then(() => go("history"))}><Icon name="remove" /> {say("remove")}</button></div>
        </div>
      </div>
    </>
  );
}

export function Back() {
  return <p><a class="button" href={to("history")}><Icon name="history" /> {say("back")}</a></p>;
}

function Shown({ loaded: { kept, before, after, lines } }: { loaded: Loaded }) {
  if (kept.after.type.startsWith("image/")) {
    if (!before && !after) return <p class="card">{say("unseen")}</p>;
    if (!before || !after) return <img class="history-single" src={(after ?? before)?.url} alt={say(after ? "after" : "before")} />;
    return <Compare before={{ ...before, label: say("before") }} after={{ ...after, label: say("after") }} />;
  }
  return (
    <div class="history-told">
      {before ? <img class="history-single" src={before.url} width={before.width} height={before.height} alt={kept.name} /> : <p class="card">{say("unseen")}</p>}
      <Lines lines={lines} />
    </div>
  );
}

/** Ways on: the same again, or its result elsewhere. */
function On({ kept }: { kept: Kept }) {
  const picture = kept.after.type.startsWith("image/");
  const others = (functions.value ?? []).filter((fn) => picture || fn.name !== kept.fn);
  const here = (functions.value ?? []).some((fn) => fn.name === kept.fn);
  const open = () => {
    handed.value = { body: kept.before, name: kept.name, fn: kept.fn, options: kept.options };
    goTo(kept.fn, taskOf(kept), "style" in kept.options);
  };
  const use = (fn: Fn) => {
    handed.value = picture ? { body: kept.after, name: resultName(kept.name, kept.fn, kept.after.type), fn: fn.name } : { body: kept.before, name: kept.name, fn: fn.name };
    goTo(fn.name, fn.task, false);
  };
  return (
    <>
      {here && (
        <div class="stack tight">
          <div><button type="button" class="primary" onClick={open}>{say("open", { name: fnName(kept.fn) })}</button></div>
          <p class="quiet">{say("openMore")}</p>
        </div>
      )}
      {others.length > 0 && (
        <div class="stack tight" role="group" aria-labelledby="history-next">
          <h3 id="history-next">{say(picture ? "next" : "nextPicture")}</h3>
          <div class="row">{others.map((fn) => <button key={fn.name} type="button" onClick={() => use(fn)}>{fnName(fn.name)}</button>)}</div>
        </div>
      )}
    </>
  );
}

/** To the view where a function is used; what was painted goes to the paintings. */
function goTo(fn: string, task: Fn["task"], painted: boolean): void {
  if (task === "labels") go("classify");
  else if (task === "boxes") go("detect", "picture");
  else if (painted) go("styles");
  else go("enhance", fn);
}

function sizeText(body: Blob, size: { width: number; height: number } | null): string {
  return size ? `${size.width} x ${size.height}, ${bytes(body.size)}` : bytes(body.size);
}
