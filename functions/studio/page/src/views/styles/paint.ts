// One painting made: asked for, measured, kept in the history.

import type { Fn } from "../../lib/functions.ts";
import { keep } from "../../lib/history.ts";
import { measure, resultName } from "../../lib/picture.ts";
import type { Slot } from "./slots.ts";

/** Paints the slot's picture in a style. Gives whether there is a result; else the slot's run tells why. */
export async function paint(fn: Fn, slot: Slot, style: string): Promise<boolean> {
  const picture = slot.picture.peek();
  if (!picture || slot.run.busy.peek()) return false;
  const options = { ...slot.options.peek(), style };
  const answer = await slot.run.start({ fn, body: picture.body, options, accept: "image/*" });
  if (!answer) return false;
  const size = await measure(answer.body);
  if (slot.picture.peek() !== picture) return false;
  slot.made.value = { answer, style, width: size?.width ?? 0, height: size?.height ?? 0 };
  const { seconds, model, body: after } = answer;
  await keep({ fn: fn.name, name: picture.name, options, seconds, model, before: picture.body, after });
  return true;
}

/** The file name of a result: the photograph's, then the styles'. */
export function fileName(name: string, style: string, type: string): string {
  const styles = style.split(",").map((part) => part.split(":")[0]).join("-");
  return resultName(name, styles, type);
}
