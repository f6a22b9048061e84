// The classes that an answer tells, read with care.

import { Problem } from "../../lib/send.ts";

/** A class; `score` 0..1. */
export interface Label {
  name: string;
  score: number;
}

/** The classes of an answer in JSON, best first. Fails where it holds none such. */
export async function labels(body: Blob): Promise<Label[]> {
  const told: unknown = await body.text().then((text) => JSON.parse(text)).catch(() => null);
  const data: unknown = member(told, "data");
  const classes: unknown = member(data, "classes");
  if (!Array.isArray(classes)) throw new Problem("strange", 200, null);
  return classes.map(label).sort((a, b) => b.score - a.score);
}

function label(one: unknown): Label {
  const [name, score] = [member(one, "name"), member(one, "score")];
  if (typeof name !== "string" || typeof score !== "number") throw new Problem("strange", 200, null);
  return { name, score: Math.min(1, Math.max(0, score)) };
}

function member(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}
