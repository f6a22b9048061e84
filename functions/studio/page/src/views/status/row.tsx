// One function: how it is, what runs it, its last answer, its limits, what it keeps; wake it, give it a key.

import { useEffect, useState } from "preact/hooks";
import type { Detail, Fn, Health } from "../../lib/functions.ts";
import { fnName, fnSummary } from "../../lib/names.ts";
import { tell } from "../../lib/tell.ts";
import { bytes, number, seconds, words } from "../../lib/words.ts";
import { Fact } from "../../parts/fact.tsx";
import { duration } from "../../parts/privacy.tsx";
import { KeyEntry } from "./key-entry.tsx";

const say = words(
  {
    asking: "Asking", up: "Up and warm", cold: "Asleep", down: "Not reached", offline: "No network",
    askingMore: "No answer yet.", upMore: "The next picture is answered at once.", coldMore: "Reached, but not warm: the first picture takes longer.",
    downMore: "It does not answer at its address.", offlineMore: "This device has no network.",
    runs: "Runs on", last: "Last answer", lastMore: "{seconds} by {model}", lastOnly: "{seconds}", never: "none in this visit", limits: "Takes up to",
    limit: "{pixels} megapixels, {size} a picture", limitUpload: "{pixels} megapixels, {size} a picture, {upload} a video or upload",
    keeps: "Keeps", keepsFor: "answers and uploads for {time}", keepsNone: "nothing", version: "Version",
    wake: "Wake", waking: "Waking", woken: "{name} is awake after {seconds}.", asleep: "{name} did not wake up. Look again in a moment.", address: "Address", unknown: "not told", rate: "Requests a minute",
  },
  {
    asking: "询问中", up: "在线，已就绪", cold: "休眠中", down: "无法连接", offline: "没有网络",
    askingMore: "尚无回应。", upMore: "下一张图片会立即处理。", coldMore: "可以连接，但尚未就绪：第一张图片会慢一些。",
    downMore: "它的地址没有回应。", offlineMore: "这台设备没有网络。",
    runs: "运行于", last: "最近一次", lastMore: "{seconds}，{model}", lastOnly: "{seconds}", never: "本次访问尚无", limits: "最大接受",
    limit: "{pixels} 百万像素，每张 {size}", limitUpload: "{pixels} 百万像素，每张 {size}，视频或上传 {upload}",
    keeps: "保留", keepsFor: "结果和上传内容 {time}", keepsNone: "不保留", version: "版本",
    wake: "唤醒", waking: "唤醒中", woken: "{name} 已唤醒，用时 {seconds}。", asleep: "{name} 没有醒来，请稍后重新查询。", address: "地址", unknown: "未说明", rate: "每分钟请求数",
  },
);

const MORE: Record<Health, "askingMore" | "upMore" | "coldMore" | "downMore" | "offlineMore"> = {
  asking: "askingMore", up: "upMore", cold: "coldMore", down: "downMore", offline: "offlineMore",
};

export function Row({ fn }: { fn: Fn }) {
  const [waking, setWaking] = useState(false);
  const served = useServed(fn);
  const told = fn.told.value;
  const health = fn.health.value;
  const name = fnName(fn.name);
  const wake = async () => {
    setWaking(true);
    const took = await fn.wake();
    setWaking(false);
    tell(took === null ? say("asleep", { name }) : say("woken", { name, seconds: seconds(took) }));
  };
  const last = fn.last.value;
  const model = fn.lastModel.value;
  return (
    <li class="card status-row" data-health={health}>
      <div class="status-head">
        <h2>{name}</h2>
        <span class="status-health" data-health={health}>{say(health)}</span>
      </div>
      <p class="quiet">{fnSummary(fn)}</p>
      <p class="status-more">{say(MORE[health])}</p>
      <dl class="status-facts">
        <Fact name={say("runs")}>{[told?.provider ?? served?.provider, served?.precision].filter(Boolean).join(", ") || say("unknown")}</Fact>
        <Fact name={say("last")}>{last === null ? say("never") : model ? say("lastMore", { seconds: seconds(last), model }) : say("lastOnly", { seconds: seconds(last) })}</Fact>
        {told && (
          <>
            <Fact name={say("limits")}>{limits(told.limits, fn.task === "boxes" || told.store !== null)}</Fact>
            {told.limits.requests_per_minute !== null && <Fact name={say("rate")}>{number(told.limits.requests_per_minute)}</Fact>}
            <Fact name={say("keeps")}>{told.store ? say("keepsFor", { time: duration(told.store.kept_s) }) : say("keepsNone")}</Fact>
            <Fact name={say("version")}>{told.version}</Fact>
          </>
        )}
        <Fact name={say("address")}><a href={fn.address}>{fn.address}</a></Fact>
      </dl>
      {told?.keys && <KeyEntry fn={fn} />}
      <div class="status-foot">
        <button type="button" disabled={waking || health === "offline"} onClick={() => void wake()} aria-label={`${say("wake")}: ${name}`}>{say(waking ? "waking" : "wake")}</button>
        {waking && <progress aria-label={say("waking")} />}
      </div>
    </li>
  );
}

function limits({ max_pixels, max_bytes, max_upload_bytes }: NonNullable<Fn["told"]["value"]>["limits"], uploads: boolean): string {
  const values = { pixels: number(max_pixels / 1e6), size: bytes(max_bytes), upload: bytes(max_upload_bytes) };
  return say(uploads ? "limitUpload" : "limit", values);
}

/** What serves the function's usual network; asked once it is reached. */
function useServed(fn: Fn): Detail["serves"] | null {
  const [served, setServed] = useState<Detail["serves"] | null>(null);
  const usual = fn.told.value?.default_model;
  const reached = fn.health.value === "up" || fn.health.value === "cold";
  useEffect(() => {
    if (!usual || !reached) return;
    let current = true;
    fn.detail(usual).then(
      ({ serves }) => current && setServed(serves),
      () => {
        // Shown as not told.
      },
    );
    return () => {
      current = false;
    };
  }, [fn, usual, reached]);
  return served;
}
