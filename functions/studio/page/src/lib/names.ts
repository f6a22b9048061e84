// What the functions are called, in both languages. A function that is not known here has its card's words.

import type { Fn } from "./functions.ts";
import { language } from "./words.ts";

interface Names {
  short: string;
  title: string;
  summary: string;
}

/** In English the function speaks for itself. */
const CHINESE: Record<string, Names> = {
  derain: { short: "去雨", title: "去除雨水", summary: "去掉照片里空中的雨丝和玻璃上的水珠。" },
  lowlight: { short: "提亮", title: "暗光增强", summary: "把昏暗的照片变亮，并清除随之显现的噪点。" },
  dehaze: { short: "去雾", title: "去除雾霾", summary: "去掉照片里的雾和烟。" },
  upscale: { short: "放大", title: "放大图片", summary: "把照片放大到两倍、三倍或四倍。" },
  stylize: { short: "风格", title: "风格迁移", summary: "用名画的笔触和色彩重新描绘照片，景物仍在原处。" },
  classify: { short: "分类", title: "图片分类", summary: "判断图片是十种事物中的哪一种，并给出各自的概率。" },
  detect: { short: "检测", title: "物体检测", summary: "在图片和视频里找出八十种常见事物，给出方框、名称和得分。" },
};

function chinese(name: string): Names | undefined {
  return language.value === "zh" && Object.hasOwn(CHINESE, name) ? CHINESE[name] : undefined;
}

/** A function's name for people, short. */
export function fnName(name: string): string {
  return chinese(name)?.short ?? name.charAt(0).toUpperCase() + name.slice(1);
}

/** What a function is, in a few words. */
export function fnTitle(fn: Fn): string {
  return chinese(fn.name)?.title ?? fn.told.value?.title ?? fnName(fn.name);
}

/** What a function does, in a sentence; empty where it tells nothing. */
export function fnSummary(fn: Fn): string {
  // Cards mark names of options with backticks.
  return (chinese(fn.name)?.summary ?? fn.told.value?.summary ?? fn.card?.summary ?? "").replaceAll("`", "");
}
