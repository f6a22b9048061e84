// A thing of the history in words: its options, its time, its answer.

import { signal } from "@preact/signals";
import { byName, functions } from "../../lib/functions.ts";
import type { Task } from "../../lib/told.ts";
import type { Entry, Kept } from "../../lib/history.ts";
import { label } from "../../lib/options.ts";
import { language, number, words } from "../../lib/words.ts";
import { told } from "../../lib/translated.ts";

const say = words({ usual: "Usual settings", yes: "yes", no: "no" }, { usual: "默认设置", yes: "是", no: "否" });

/** The titles of the paintings by their names; they come when they are asked for. */
const titles = signal<ReadonlyMap<string, string>>(new Map());

/** Asks the functions for the titles of their paintings. Never fails. */
export async function loadTitles(): Promise<void> {
  const asked = await Promise.allSettled((functions.value ?? []).map((fn) => fn.variants()));
  const styles = asked.flatMap((one) => (one.status === "fulfilled" ? one.value.flatMap((variant) => variant.styles) : []));
  titles.value = new Map(styles.map((style) => [style.name, style.title]));
}

/** `a:0.6,b:0.4` with titles and percent. */
function styleText(style: string): string {
  return style.split(",").map((part) => {
    const [name = "", share] = part.split(":");
    const title = told(titles.value.get(name) ?? name);
    return share === undefined ? title : `${title} ${number(Number(share) * 100)} %`;
  }).join(" + ");
}

/** The options as a person would tell them. */
export function optionsText({ options }: Pick<Entry, "options">): string {
  const all = Object.entries(options).map(([name, value]) => {
    const shown = typeof value === "boolean" ? say(value ? "yes" : "no") : typeof value === "number" ? String(Math.round(value * 1000) / 1000) : name === "style" ? styleText(value) : value;
    return language.value === "zh" ? `${label(name)}：${shown}` : `${label(name)}: ${shown}`;
  });
  return all.length > 0 ? all.join(language.value === "zh" ? "；" : "; ") : say("usual");
}

/** Day and time, short. */
export function timeText(time: number): string {
  return new Date(time).toLocaleString(language.value === "zh" ? "zh-Hans" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** What a function gives; one that is no longer there: by the answer's type. */
export function taskOf({ fn, after }: Pick<Kept, "fn" | "after">): Task {
  return byName(fn)?.task ?? (after.type.startsWith("image/") ? "picture" : "labels");
}

/** A line of an answer that is no picture. */
export interface Line {
  name: string;
  /** 0..1 */
  score: number;
  /** Left, top, right, bottom, pixels; labels have none. */
  box: number[] | null;
}

/** The labels or boxes of an answer, best first; null where it is something else. What is in the store may be older than this page. */
export async function linesOf(after: Blob): Promise<Line[] | null> {
  try {
    const answer: unknown = JSON.parse(await after.text());
    const data = member(answer, "data") ?? answer;
    const found = member(data, "classes") ?? member(data, "boxes");
    if (!Array.isArray(found)) return null;
    return found.flatMap((one: unknown) => {
      const [name, score, box] = [member(one, "name"), member(one, "score"), member(one, "box")];
      if (typeof name !== "string" || typeof score !== "number") return [];
      return [{ name, score, box: Array.isArray(box) ? box.filter((side) => typeof side === "number") : null }];
    });
  } catch {
    return null;
  }
}

function member(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}
