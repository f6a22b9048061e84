// The words of a function's card.

import type { Health } from "../../lib/address.ts";
import { words } from "../../lib/words.ts";

export const say = words(
  {
    asking: "Asking", up: "Up and warm", cold: "Asleep", down: "Not reached", offline: "No network",
    askingMore: "No answer yet.", upMore: "The next picture is answered at once.", coldMore: "Reached, but not warm: the first picture takes longer.",
    downMore: "It does not answer at its address.", offlineMore: "This device has no network.",
    several: "It has {count} addresses, asked in this order.", now: "In use now", nth: "Address {number}",
    runs: "Runs on", last: "Last answer", lastMore: "{seconds} by {model}", lastOnly: "{seconds}", never: "none in this visit", limits: "Takes up to",
    limit: "{pixels} megapixels, {size} a picture", limitUpload: "{pixels} megapixels, {size} a picture, {upload} a video or upload",
    keeps: "Keeps", keepsFor: "answers and uploads for {time}", keepsNone: "nothing", version: "Version",
    wake: "Wake", waking: "Waking", woken: "{name} is awake after {seconds}.", asleep: "{name} did not wake up. Look again in a moment.", address: "Address", unknown: "not told", rate: "Requests a minute",
  },
  {
    asking: "询问中", up: "在线，已就绪", cold: "休眠中", down: "无法连接", offline: "没有网络",
    askingMore: "尚无回应。", upMore: "下一张图片会立即处理。", coldMore: "可以连接，但尚未就绪：第一张图片会慢一些。",
    downMore: "它的地址没有回应。", offlineMore: "这台设备没有网络。",
    several: "有 {count} 个地址，按此顺序询问。", now: "当前使用", nth: "地址 {number}",
    runs: "运行于", last: "最近一次", lastMore: "{seconds}，{model}", lastOnly: "{seconds}", never: "本次访问尚无", limits: "最大接受",
    limit: "{pixels} 百万像素，每张 {size}", limitUpload: "{pixels} 百万像素，每张 {size}，视频或上传 {upload}",
    keeps: "保留", keepsFor: "结果和上传内容 {time}", keepsNone: "不保留", version: "版本",
    wake: "唤醒", waking: "唤醒中", woken: "{name} 已唤醒，用时 {seconds}。", asleep: "{name} 没有醒来，请稍后重新查询。", address: "地址", unknown: "未说明", rate: "每分钟请求数",
  },
);

export const MORE: Record<Health, "askingMore" | "upMore" | "coldMore" | "downMore" | "offlineMore"> = {
  asking: "askingMore", up: "upMore", cold: "coldMore", down: "downMore", offline: "offlineMore",
};
