// All things of the history: a grid of small pictures, filtered by function; two can be chosen to be compared.

import { useEffect, useRef, useState } from "preact/hooks";
import { allowed, historyChanged, historyWorks, list, type Entry } from "../../lib/history.ts";
import { fnName } from "../../lib/names.ts";
import { go, to } from "../../lib/place.ts";
import { bytes, seconds, words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Privacy } from "../../parts/privacy.tsx";
import { DeleteAll } from "./delete-all.tsx";
import { optionsText, timeText } from "./described.ts";
import { Thumbnail } from "./thumbnail.tsx";
import { removeOne } from "./undo.tsx";

const say = words(
  {
    opening: "Opening the history", none: "This browser keeps nothing here (a private window, perhaps). Everything else works; download what you want to keep.",
    empty: "Nothing here yet", emptyMore: "Every result comes here by itself: the picture, what it became, and the settings. Open it again, compare two, or go on from it.",
    begin: "Make a picture better", filter: "Which function", all: "All", used: "{count} things, {size} of {allowed} used", usedAlone: "{count} things, {size} used",
    more: "Show more", open: "Open {name}:", choose: "Compare {name}", chooseShort: "Compare", compare: "Compare the two", chosen: "{count} of 2 chosen to compare", clear: "Clear the choice", remove: "Delete {name}",
    failed: "The history could not be read.", again: "Try again",
  },
  {
    opening: "正在打开历史", none: "此浏览器不保存任何内容（可能是无痕窗口）。其他功能都可用；想保留的结果请下载。",
    empty: "这里还没有内容", emptyMore: "每个结果都会自动保存到这里：原图、结果和设置。可以再次打开、互相比较，或从它继续。",
    begin: "开始处理图片", filter: "功能", all: "全部", used: "{count} 项，已用 {size}，共 {allowed}", usedAlone: "{count} 项，已用 {size}",
    more: "显示更多", open: "打开 {name}：", choose: "比较 {name}", chooseShort: "比较", compare: "比较这两项", chosen: "已选 {count} / 2 项进行比较", clear: "清除选择", remove: "删除 {name}",
    failed: "无法读取历史。", again: "重试",
  },
);

/** So many more at a time. */
const PAGE = 60;

export function Shelf() {
  const [all, setAll] = useState<Entry[] | null>(null);
  const [failed, fail] = useState(false);
  const [quota, setQuota] = useState<number | null>(null);
  const [fn, choose] = useState<string | null>(null);
  const [most, setMost] = useState(PAGE);
  const [chosen, setChosen] = useState<number[]>([]);
  const changed = historyChanged.value;

  const read = () => {
    fail(false);
    // What was there stays the same object, so that its small picture is not drawn anew.
    list().then((fresh) => setAll((old) => {
      const known = new Map(old?.map((one) => [one.id, one]));
      return fresh.map((one) => known.get(one.id) ?? one);
    }), () => fail(true));
    void allowed().then(setQuota);
  };
  useEffect(read, [changed]);
  // The button that was pressed goes with its thing: the keyboard goes on at the offer to have it back.
  const removing = useRef(false);
  useEffect(() => {
    if (removing.current && document.activeElement === document.body) document.querySelector<HTMLElement>(".undo button")?.focus();
    removing.current = false;
  }, [all]);

  if (failed) return <Notice problem={say("failed")}><button type="button" onClick={read}>{say("again")}</button></Notice>;
  if (!all) return <Busy text={say("opening")} />;
  if (historyWorks.value === false) return <><p class="card">{say("none")}</p><Privacy /></>;
  if (all.length === 0) return <Empty />;

  const names = [...new Set(all.map((one) => one.fn))].sort();
  const wanted = fn && names.includes(fn) ? fn : null;
  const shown = all.filter((one) => !wanted || one.fn === wanted);
  const size = bytes(all.reduce((sum, one) => sum + one.bytes, 0));
  const toggle = (id: number) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-2));
  const [first, second] = chosen.filter((id) => all.some((one) => one.id === id));

  return (
    <>
      <div class="history-bar">
        <div class="tabs" role="group" aria-label={say("filter")}>
          <button type="button" aria-pressed={!wanted} onClick={() => choose(null)}>{say("all")}</button>
          {names.map((name) => <button key={name} type="button" aria-pressed={wanted === name} onClick={() => choose(name)}>{fnName(name)}</button>)}
        </div>
        <div class="row history-sum">
          <span class="quiet">{quota ? say("used", { count: all.length, size, allowed: bytes(quota) }) : say("usedAlone", { count: all.length, size })}</span>
          <DeleteAll count={all.length} size={size} />
        </div>
      </div>
      <ul class="history-grid">
        {shown.slice(0, most).map((entry) => (
          <li key={entry.id} class="history-card">
            <a href={to("history", String(entry.id))}>
              <span class="hidden-words">{say("open", { name: entry.name })}</span>
              <Thumbnail blob={entry.thumbnail} />
              <span class="history-words">
                <strong>{fnName(entry.fn)} <span class="quiet">{seconds(entry.seconds)}</span></strong>
                <span class="quiet">{optionsText(entry)}</span>
                <span class="quiet">{timeText(entry.time)}</span>
              </span>
            </a>
            <div class="history-tools">
              <label class="history-choose">
                <input type="checkbox" checked={chosen.includes(entry.id)} onChange={() => toggle(entry.id)} aria-label={say("choose", { name: entry.name })} />
                <span aria-hidden="true">{say("chooseShort")}</span>
              </label>
              <button type="button" class="icon-button" aria-label={say("remove", { name: entry.name })} title={say("remove", { name: entry.name })} onClick={() => { removing.current = true; void removeOne(entry.id); }}>
                <Icon name="remove" />
              </button>
            </div>
          </li>
        ))}
      </ul>
      {shown.length > most && <button type="button" onClick={() => setMost(most + PAGE)}>{say("more")}</button>}
      <div class="history-chosen" hidden={!first}>
        <span role="status">{first ? say("chosen", { count: second ? 2 : 1 }) : ""}</span>
        <button type="button" class="primary" disabled={!second} onClick={() => go("history", String(first), String(second))}>{say("compare")}</button>
        <button type="button" class="icon-button" aria-label={say("clear")} title={say("clear")} onClick={() => setChosen([])}><Icon name="close" /></button>
      </div>
      <Privacy />
    </>
  );
}

function Empty() {
  return (
    <>
      <div class="card history-empty">
        <Icon name="history" />
        <h2>{say("empty")}</h2>
        <p class="quiet">{say("emptyMore")}</p>
        <a class="button primary" href={to("enhance")}>{say("begin")}</a>
      </div>
      <Privacy />
    </>
  );
}
