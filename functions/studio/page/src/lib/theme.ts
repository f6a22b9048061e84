// Light or dark: the system's, until the person chooses.

import { effect, signal } from "@preact/signals";
import { remember, remembered } from "./device.ts";

export type Theme = "auto" | "light" | "dark";
const KEY = "theme";
const kept = remembered(KEY);

export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "auto");

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** Keeps the choice. */
export function choose(chosen: Theme): void {
  remember(KEY, chosen);
  theme.value = chosen;
}
