// What of the controls is sent: only what differs from the function's own defaults, and only what the chosen variant has.

import type { Control } from "../../lib/options.ts";
import type { Options } from "../../lib/send.ts";

export type Value = Options[string];

/** The variant that is asked for, said or not. */
export function chosenModel(controls: Control[], value: Options): string {
  return String(value["model"] ?? controls.find((one) => one.name === "model")?.initial ?? "");
}

/** Whether the chosen variant has it. */
export function applies(control: Control, model: string): boolean {
  return control.models === null || control.models.includes(model);
}

/** Whether a value is what happens anyway. Defaults come as 32-bit floats: 0.949999988 is 0.95. */
export function isInitial(control: Control, value: Value | undefined): boolean {
  if (value === undefined) return true;
  if (control.initial === null) return false;
  if (control.kind === "range") return Math.abs(Number(value) - Number(control.initial)) < control.step / 2;
  return value === control.initial;
}

/** The options with one of them set; undefined: as the function has it. */
export function settle(controls: Control[], options: Options, name: string, value: Value | undefined): Options {
  const next = { ...options };
  delete next[name];
  if (value !== undefined) next[name] = value;
  const model = chosenModel(controls, next);
  for (const control of controls) {
    if (!applies(control, model) || isInitial(control, next[control.name])) delete next[control.name];
  }
  return next;
}

/** A number in a range, on one of its steps, without the dust of binary fractions. */
export function snapped({ min, max, step }: { min: number; max: number; step: number }, value: number): number {
  const on = min + Math.round((value - min) / step) * step;
  return Number(Math.min(max, Math.max(min, on)).toFixed(4));
}
