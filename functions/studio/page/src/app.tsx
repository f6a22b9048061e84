// The page: its head, the view that the address names, and what is told.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { functions, listFailed, load } from "./lib/functions.ts";
import { fnName } from "./lib/names.ts";
import { place } from "./lib/place.ts";
import { telling } from "./lib/tell.ts";
import { words } from "./lib/words.ts";
import { Busy } from "./parts/busy.tsx";
import { Guard } from "./parts/guard.tsx";
import { Notice } from "./parts/notice.tsx";
import { Top, viewName, type View } from "./parts/top.tsx";
import { Update } from "./parts/update.tsx";

const say = words(
  {
    opening: "Opening", noList: "The list of functions could not be had.", again: "Try again", notLoaded: "This part of the page could not be loaded.",
    offline: "No network. What is kept on this device stays here; these functions can't be reached: {names}.",
  },
  {
    opening: "正在打开", noList: "无法获取功能列表。", again: "重试", notLoaded: "无法加载页面的这一部分。",
    offline: "没有网络。设备上保存的内容仍在；以下功能无法使用：{names}。",
  },
);

/** Views come when they are first asked for, so that the page opens quickly. */
const VIEWS: Record<View, () => Promise<{ default: ComponentType }>> = {
  enhance: () => import("./views/enhance/view.tsx"),
  styles: () => import("./views/styles/view.tsx"),
  classify: () => import("./views/classify/view.tsx"),
  detect: () => import("./views/detect/view.tsx"),
  history: () => import("./views/history/view.tsx"),
  status: () => import("./views/status/view.tsx"),
  about: () => import("./views/about/view.tsx"),
};

function isView(name: string | undefined): name is View {
  return name !== undefined && Object.hasOwn(VIEWS, name);
}

export function App() {
  const named = place.value[0];
  const view: View = isView(named) ? named : "enhance";
  const missing = (functions.value ?? []).filter((one) => one.health.value === "offline");
  // Read here, so that it follows the language.
  const title = `${viewName(view)} · Darkroom`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <Top />
      <main id="main" tabIndex={-1}>
        <Update />
        {missing.length > 0 && <p class="strip" role="status">{say("offline", { names: missing.map((one) => fnName(one.name)).join(", ") })}</p>}
        {listFailed.value && <Notice problem={say("noList")}><button type="button" onClick={() => void load()}>{say("again")}</button></Notice>}
        <Guard key={view}><Shown view={view} /></Guard>
      </main>
      <p class="telling" role="status" key="telling"><span key={telling.value.count}>{telling.value.text}</span></p>
    </>
  );
}

function Shown({ view }: { view: View }) {
  const [shown, show] = useState<{ view: View; Body: ComponentType } | null>(null);
  const [failed, fail] = useState(false);
  useEffect(() => {
    let current = true;
    VIEWS[view]().then(
      (module) => current && show({ view, Body: module.default }),
      () => current && fail(true),
    );
    return () => {
      current = false;
    };
  }, [view]);
  // A browser does not fetch a part again that failed once; the page as a whole it does.
  if (failed) return <Notice problem={say("notLoaded")}><button type="button" onClick={() => location.reload()}>{say("again")}</button></Notice>;
  return shown?.view === view ? <shown.Body /> : <div class="opening"><Busy text={say("opening")} /></div>;
}
