// Light or dark: the system's, until the person chooses.

import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEY = "theme";
const kept = localStorage.getItem(KEY);

export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "auto");

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** Keeps the choice. */
export function choose(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  theme.value = chosen;
}

/** Whether the page is dark right now. */
export function isDark(): boolean {
  return theme.value === "dark" || (theme.value === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}
