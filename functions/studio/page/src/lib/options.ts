// What a request may set, read from the function's own OpenAPI document: nothing about a range or a menu is written twice.

import type { Fn } from "./functions.ts";
import type { Parameter } from "./told.ts";
import { words } from "./words.ts";

interface Common {
  name: string;
  /** The document's own words. */
  help: string;
  /** The variants that have it; null: all. */
  models: string[] | null;
  /** Whether it is about the answer's encoding and size, not about the picture. */
  output: boolean;
}

/** A control. `initial` is what happens when nothing is sent; null where the function decides. */
export type Control =
  | (Common & { kind: "range"; min: number; max: number; step: number; initial: number | null })
  | (Common & { kind: "choice"; choices: (string | number)[]; initial: string | number | null })
  | (Common & { kind: "switch"; initial: boolean | null })
  | (Common & { kind: "mix"; names: string[]; initial: string })
  | (Common & { kind: "text"; initial: string | null });

/** What the page sets itself, or sends in other ways. */
const OURS = new Set(["upload", "link", "req_id", "img_data", "image"]);
const OUTPUT = new Set(["format", "quality", "compression", "max_side"]);

/** The controls of a route, those of the picture first. */
export async function controls(fn: Fn, route = "/"): Promise<Control[]> {
  const document = await fn.openapi();
  const parameters = document.paths[route]?.post?.parameters ?? [];
  const found = parameters.filter((one) => one.in === "query" && !OURS.has(one.name)).map(control);
  return [...found.filter((one) => !one.output), ...found.filter((one) => one.output)];
}

function control({ name, description, schema }: Parameter): Control {
  const common: Common = {
    name,
    help: description ?? schema.description ?? "",
    models: schema["x-models"] ?? null,
    output: OUTPUT.has(name),
  };
  const choices = schema.enum ?? schema.oneOf?.map((one) => one.const);
  const initial = schema.default ?? null;
  if (schema["x-names"]) return { ...common, kind: "mix", names: schema["x-names"], initial: String(initial ?? schema["x-names"][0]) };
  if (choices) return { ...common, kind: "choice", choices, initial: initial as string | number | null };
  if (schema.type === "boolean") return { ...common, kind: "switch", initial: initial as boolean | null };
  const { minimum: min, maximum: max } = schema;
  if ((schema.type === "number" || schema.type === "integer") && min !== undefined && max !== undefined) {
    const whole = schema.type === "integer";
    const step = schema.not?.multipleOf === 2 ? 2 : whole ? 1 : 0.01;
    return { ...common, kind: "range", min, max, step, initial: initial as number | null };
  }
  return { ...common, kind: "text", initial: initial as string | null };
}

const ENGLISH = {
  model: "Network", strength: "Strength", omega: "Share of the haze taken away", denoise: "Remove JPEG traces", scale: "Times as large", format: "File type of the answer",
  quality: "Quality (JPEG, WebP)", compression: "Compression (PNG)", max_side: "Shrink first to (pixels)", style: "Style", stroke: "Size of the strokes",
  media_filter: "Smoothing", blend_alpha: "Blend in the photograph", original_color: "Keep the photograph's brightness",
  threshold: "Lowest score", iou: "Overlap allowed", classes: "Only these", max_boxes: "Most boxes", names: "Write names and scores", top_k: "How many classes",
  every: "Every Nth frame", max_frames: "Frames at most", render: "Video file", patch: "Window",
};
const say = words(ENGLISH, {
  model: "网络", strength: "强度", omega: "去除的雾的比例", denoise: "去除 JPEG 痕迹", scale: "放大倍数", format: "结果文件类型",
  quality: "质量（JPEG、WebP）", compression: "压缩（PNG）", max_side: "先缩小到（像素）", style: "风格", stroke: "笔触大小",
  media_filter: "平滑", blend_alpha: "混入原照片", original_color: "保留原照片的明暗",
  threshold: "最低得分", iou: "允许重叠", classes: "只找这些", max_boxes: "最多框数", names: "写出名称和得分", top_k: "类别数量",
  every: "每隔几帧", max_frames: "最多帧数", render: "视频文件", patch: "窗口",
});

function isKnown(name: string): name is keyof typeof ENGLISH {
  return Object.hasOwn(ENGLISH, name);
}

/** A control's name for people; an option that the page has no word for keeps its own. */
export function label(name: string): string {
  return isKnown(name) ? say(name) : name;
}
