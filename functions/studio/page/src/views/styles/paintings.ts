// The paintings of all functions that have styles.

import { usable } from "../../lib/catalogue.ts";
import { controls } from "../../lib/options.ts";
import { ofTask, type Fn } from "../../lib/functions.ts";
import type { Style } from "../../lib/told.ts";

/** A style and the function that has it. */
export interface Painting extends Style {
  fn: Fn;
  /** The styles that share a network with it, itself among them: it mixes with these. */
  together: Set<string>;
}

/** The paintings that the page has a small picture of (`paintings/`). */
const PICTURED = new Set([
  "starry-night", "great-wave", "scream", "composition7", "water-lilies", "san-giorgio", "bedroom-arles", "starry-night-rhone",
  "shipwreck", "te-fare", "in-bed", "dance-foyer",
]);

/** The address of a painting's small picture; null where the page has none. */
export function picture(name: string): string | null {
  return PICTURED.has(name) ? `paintings/${name}.jpg` : null;
}

/** All styles, those of default networks first. A function that can't be reached is left out, unless none can: then it fails. */
export async function paintings(): Promise<Painting[]> {
  const asked = await Promise.allSettled(ofTask("picture").map(of));
  const found = asked.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const failed = asked.find((one) => one.status === "rejected");
  if (found.length === 0 && failed) throw failed.reason;
  return found;
}

/** The styles of one function: those that its networks introduce, then those that only its options name. */
async function of(fn: Fn): Promise<Painting[]> {
  const variants = (await fn.variants()).filter(usable);
  const first = fn.told.value?.default_model;
  const networks = [...variants].sort((a, b) => Number(b.name === first) - Number(a.name === first));
  const all = new Map<string, Painting>();
  for (const { styles } of networks) {
    const names = styles.map((style) => style.name);
    for (const style of styles) {
      const known = all.get(style.name);
      if (known) for (const name of names) known.together.add(name);
      else all.set(style.name, { ...style, fn, together: new Set(names) });
    }
  }
  if (networks.some((network) => network.styles.length > 0)) {
    for (const control of await controls(fn)) {
      if (control.kind !== "mix") continue;
      for (const name of control.names) if (!all.has(name)) all.set(name, { ...UNTOLD, name, title: name, fn, together: new Set([name]) });
    }
  }
  return [...all.values()];
}

const UNTOLD = { painter: "", year: "", lines: "", rights: "", palette: [] };

/** The colours of a painting that are colours. */
export function colours({ palette }: Style): string[] {
  return palette.filter((colour) => /^#[0-9a-f]{6}$/i.test(colour));
}
