// The variants of a function as a person is shown them: in families, those that can be used apart from the others.

import type { Variant } from "./told.ts";
import { words } from "./words.ts";

const say = words(
  { "non-commercial": "{licence}: not for commercial use", copyleft: "{licence}: what is given away with it is under it too", unstated: "{licence}: nobody has said that it may be used" },
  { "non-commercial": "{licence}：不可商用", copyleft: "{licence}：随它分发的内容须采用同一许可", unstated: "{licence}：没有人说明可以使用" },
);

/** Whether it can be asked for. */
export function usable(variant: Variant): boolean {
  return variant.status === "ready";
}

/** Variants by family: first those of none, then each family in the order in which its first one comes. */
export function grouped<T extends Pick<Variant, "family">>(variants: T[]): { family: string | null; members: T[] }[] {
  const families = new Set([null, ...variants.map((one) => one.family)]);
  return [...families].map((family) => ({ family, members: variants.filter((one) => one.family === family) }));
}

/** The licence, and what it means where it is not free. */
export function licence({ licence: name, terms }: Variant): string {
  return terms === "free" ? name : say(terms, { licence: name });
}
