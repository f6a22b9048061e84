// How the functions are: one row each, asked anew every half minute while it is looked at.

import { useEffect, useState } from "preact/hooks";
import { functions, listFailed, lookAll } from "../../lib/functions.ts";
import { language, words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Guard } from "../../parts/guard.tsx";
import { Row } from "./row.tsx";

const say = words(
  {
    title: "Status", intro: "The functions, as this device reaches them. Asked again every {seconds} seconds.", opening: "Asking the functions", again: "Look again", looking: "Looking",
    looked: "Last asked at {time}.", none: "There are no functions here.", up: "{up} of {all} are up.",
  },
  {
    title: "状态", intro: "从这台设备看到的各个功能。每 {seconds} 秒自动查询一次。", opening: "正在询问各个功能", again: "重新查询", looking: "正在查询",
    looked: "最近查询：{time}。", none: "这里没有功能。", up: "{all} 个功能中有 {up} 个在线。",
  },
);

const EVERY_S = 30;

export default function View() {
  const [looking, setLooking] = useState(false);
  const [looked, setLooked] = useState<Date | null>(null);
  const look = async () => {
    setLooking(true);
    await lookAll();
    setLooking(false);
    setLooked(new Date());
  };
  useEffect(() => {
    const whileSeen = () => void (document.visibilityState === "visible" && look());
    const timer = setInterval(whileSeen, EVERY_S * 1000);
    document.addEventListener("visibilitychange", whileSeen);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", whileSeen);
    };
  }, []);
  const all = functions.value;
  return (
    <div class="view status">
      <div class="view-head">
        <h1>{say("title")}</h1>
        <p class="quiet">{say("intro", { seconds: EVERY_S })}</p>
      </div>
      <div class="row">
        <button type="button" disabled={looking || !all} onClick={() => void look()}>{say(looking ? "looking" : "again")}</button>
        {all && all.length > 0 && <span role="status">{say("up", { up: all.filter((fn) => fn.health.value === "up").length, all: all.length })}</span>}
        {looked && <span class="quiet">{say("looked", { time: looked.toLocaleTimeString(language.value === "zh" ? "zh-Hans" : "en-GB") })}</span>}
      </div>
      {!all ? !listFailed.value && <Busy text={say("opening")} /> : all.length === 0 ? <p>{say("none")}</p> : (
        <ul class="status-list">{all.map((fn) => <Guard key={fn.name}><Row fn={fn} /></Guard>)}</ul>
      )}
    </div>
  );
}
