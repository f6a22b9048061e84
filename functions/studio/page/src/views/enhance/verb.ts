// What the button of each function says.

import { words } from "../../lib/words.ts";

const say = words(
  { derain: "Remove rain", lowlight: "Brighten", dehaze: "Remove haze", upscale: "Enlarge", stylize: "Paint", other: "Enhance" },
  { derain: "去雨", lowlight: "提亮", dehaze: "去雾", upscale: "放大", stylize: "绘制", other: "增强" },
);
const KNOWN = ["derain", "lowlight", "dehaze", "upscale", "stylize"] as const;

/** What a function does with a picture; one that is not known here enhances. */
export function verb(name: string): string {
  return say(KNOWN.find((known) => known === name) ?? "other");
}
