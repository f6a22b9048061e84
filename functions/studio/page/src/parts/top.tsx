// The head of the page: its name, the views, language and theme.

import { useComputed } from "@preact/signals";
import { place, to } from "../lib/place.ts";
import { choose, theme, type Theme } from "../lib/theme.ts";
import { language, speak, words } from "../lib/words.ts";
import { Icon, type IconName } from "./icon.tsx";

export type View = "enhance" | "styles" | "classify" | "detect" | "history" | "status" | "about";

const say = words(
  {
    enhance: "Enhance", styles: "Styles", classify: "Classify", detect: "Detect", history: "History", status: "Status", about: "About",
    views: "Views", language: "中文", auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark", skip: "Skip to the content",
  },
  {
    enhance: "增强", styles: "风格", classify: "分类", detect: "检测", history: "历史", status: "状态", about: "关于",
    views: "视图", language: "English", auto: "主题：跟随系统", light: "主题：浅色", dark: "主题：深色", skip: "跳到内容",
  },
);

/** A view's name. */
export const viewName = (view: View): string => say(view);

const MAIN: View[] = ["enhance", "styles", "classify", "detect", "history"];
const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const SIGN: Record<Theme, IconName> = { auto: "auto", light: "sun", dark: "moon" };

function ViewLink({ view }: { view: View }) {
  const here = useComputed(() => (place.value[0] ?? "enhance") === view);
  return (
    <a href={to(view)} class="view-link" aria-current={here.value ? "page" : undefined}>
      <Icon name={view} />
      <span>{say(view)}</span>
    </a>
  );
}

export function Top() {
  return (
    <header class="top">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>
        {say("skip")}
      </a>
      <a class="brand" href={to("enhance")}>
        <img src="icon.svg" alt="" width="28" height="28" />
        <span>Darkroom</span>
      </a>
      <nav class="views" aria-label={say("views")}>
        {MAIN.map((view) => <ViewLink key={view} view={view} />)}
      </nav>
      <div class="top-end">
        <ViewLink view="status" />
        <ViewLink view="about" />
        <button type="button" class="quiet-button" lang={language.value === "zh" ? "en" : "zh-Hans"} onClick={() => speak(language.value === "zh" ? "en" : "zh")}>
          {say("language")}
        </button>
        <button type="button" class="icon-button" aria-label={say(theme.value)} title={say(theme.value)} onClick={() => choose(NEXT[theme.value])}>
          <Icon name={SIGN[theme.value]} />
        </button>
      </div>
    </header>
  );
}
