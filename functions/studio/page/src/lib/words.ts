// Two languages. Each part of the page keeps its own words beside itself; this knows which language is spoken.

import { effect, signal } from "@preact/signals";
import { remember, remembered } from "./device.ts";

export type Language = "en" | "zh";

const KEY = "language";

function first(): Language {
  const kept = remembered(KEY);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.languages.find((one) => /^(en|zh)\b/i.test(one))?.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** The language of the moment: the browser's first of the two, until the person chooses. */
export const language = signal<Language>(first());

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-Hans" : "en";
});

/** Speaks another language from now on. */
export function speak(chosen: Language): void {
  remember(KEY, chosen);
  language.value = chosen;
}

export type Values = Record<string, string | number>;

/** What finds a sentence by its key; `{name}` in it is replaced by the value of that name. */
export type Say<K extends string> = (key: K, values?: Values) => string;

/** The words of one part of the page. Read in a component, it is drawn anew when the language changes. */
export function words<K extends string>(en: Record<K, string>, zh: Record<NoInfer<K>, string>): Say<K> {
  return (key, values) => {
    const sentence = (language.value === "zh" ? zh : en)[key];
    return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values?.[name] ?? whole));
  };
}

/** A number as the language writes it. */
export function number(value: number, digits = 0): string {
  return value.toLocaleString(language.value === "zh" ? "zh-Hans" : "en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

/** Bytes for people: 812 KB, 3.4 MB, 32 MB, 1.3 GB. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${number(count / 1e3)} KB`;
  return count < 1e9 ? `${number(count / 1e6, count < 1e7 ? 1 : 0)} MB` : `${number(count / 1e9, 1)} GB`;
}

/** Seconds for people: 0.21 s, 12 s. */
export function seconds(value: number): string {
  return `${number(value, value < 10 ? 2 : 0)} s`;
}
