// Where pictures go and how long they stay there: made from what the functions tell.

import { functions, type Fn } from "../lib/functions.ts";
import { fnName } from "../lib/names.ts";
import { language, words } from "../lib/words.ts";

const say = words(
  {
    device: "The history is on this device alone. Nothing leaves the device but the request itself: the picture and its options go to the function, the answer comes back.",
    keeps: "{names}: the function keeps answers and uploads for {time}, then deletes them. Whoever knows an answer's address can read it.",
    nothing: "{names}: the function keeps nothing.",
    unknown: "{names}: can't be asked right now.", and: ", ",
  },
  {
    device: "历史只保存在这台设备上。除请求本身外，没有任何内容离开设备：图片和选项发给功能，结果返回。",
    keeps: "{names}：功能保留结果和上传内容 {time}，之后删除。知道结果地址的人可以读取它。",
    nothing: "{names}：功能不保留任何内容。",
    unknown: "{names}：目前无法询问。", and: "、",
  },
);

/** A time as people say it, in the largest unit that it is whole in: 86400 is a day, 5400 is 90 minutes. */
export function duration(seconds: number): string {
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;
  const [unit, length] = units.find(([, length]) => seconds >= length && seconds % length === 0) ?? ["second", 1];
  return new Intl.NumberFormat(language.value === "zh" ? "zh-Hans" : "en", { style: "unit", unit, unitDisplay: "long" }).format(seconds / length);
}

/** How long a function keeps things, at the address that does so longest, as a key to group by; null where it has not told. */
function kept(fn: Fn): number | null {
  const told = fn.addresses.flatMap((one) => one.told.value ?? []);
  return told.length > 0 ? Math.max(...told.map(({ store }) => store?.kept_s ?? 0)) : null;
}

/** The sentences: what stays here, and what each function keeps. */
export function Privacy() {
  const groups = new Map<number | null, string[]>();
  for (const fn of functions.value ?? []) groups.set(kept(fn), [...(groups.get(kept(fn)) ?? []), fnName(fn.name)]);
  return (
    <div class="privacy stack tight">
      <p>{say("device")}</p>
      {[...groups].map(([seconds, all]) => {
        const names = all.join(say("and"));
        return <p key={seconds} class="quiet">{seconds === null ? say("unknown", { names }) : seconds === 0 ? say("nothing", { names }) : say("keeps", { names, time: duration(seconds) })}</p>;
      })}
    </div>
  );
}
