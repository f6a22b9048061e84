// What can be done with a result: download, copy, share, make a poster.

import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { pageAddress } from "../lib/about.ts";
import { canCopyPictures, copyPicture, copyText, download, share } from "../lib/clipboard.ts";
import { tell } from "../lib/tell.ts";
import { words } from "../lib/words.ts";
import { Icon } from "./icon.tsx";
import type { PosterProps } from "./poster.tsx";

export interface ActionsProps {
  body: Blob;
  /** A file name with the right ending. */
  name: string;
  /** A line for the poster and for sharing, as "Painted like The Starry Night". */
  caption: string;
  /** Pixels. */
  width: number;
  height: number;
}

const say = words(
  {
    actions: "With the result", download: "Download", copy: "Copy", share: "Share", poster: "Poster", downloaded: "{name} is being saved.",
    copied: "The picture is copied.", copiedText: "The answer is copied.", shared: "Handed on.",
    address: "This device can't share files from here. The page's address is copied instead.",
    noCopy: "The browser does not let the page copy. Download the picture instead.", noShare: "The browser lets the page neither share nor copy. Download the picture instead.",
    noPoster: "The poster could not be opened. Try again.",
  },
  {
    actions: "处理结果", download: "下载", copy: "复制", share: "分享", poster: "海报", downloaded: "正在保存 {name}。",
    copied: "图片已复制。", copiedText: "结果已复制。", shared: "已分享。",
    address: "此设备无法从这里分享文件，已改为复制页面地址。",
    noCopy: "浏览器不允许页面复制，请改用下载。", noShare: "浏览器不允许页面分享或复制，请改用下载。",
    noPoster: "无法打开海报，请重试。",
  },
);

/** What is told after sharing; nothing where the person stopped it. */
export async function shareFile(file: File, caption: string): Promise<void> {
  const outcome = await share(file, caption, pageAddress() + location.hash);
  if (outcome !== "stopped") tell(say(({ shared: "shared", copied: "address", refused: "noShare" } as const)[outcome]));
}

/** Downloads it and tells so. */
export function save(body: Blob, name: string): void {
  download(body, name);
  tell(say("downloaded", { name }));
}

export function Actions({ body, name, caption, width, height }: ActionsProps) {
  const [Poster, setPoster] = useState<ComponentType<PosterProps> | null>(null);
  const picture = body.type.startsWith("image/");

  const copy = async () => {
    try {
      if (picture) await copyPicture(body);
      else if (!(await copyText(await body.text()))) throw new Error("refused");
      tell(say(picture ? "copied" : "copiedText"));
    } catch {
      tell(say("noCopy"));
    }
  };
  const openPoster = async () => {
    try {
      const { Poster } = await import("./poster.tsx");
      setPoster(() => Poster);
    } catch {
      tell(say("noPoster"));
    }
  };

  return (
    <div class="actions row" role="group" aria-label={say("actions")}>
      <button type="button" onClick={() => save(body, name)}><Icon name="download" /> {say("download")}</button>
      {(!picture || canCopyPictures()) && <button type="button" onClick={() => void copy()}><Icon name="copy" /> {say("copy")}</button>}
      <button type="button" onClick={() => void shareFile(new File([body], name, { type: body.type }), caption)}><Icon name="share" /> {say("share")}</button>
      {picture && <button type="button" onClick={() => void openPoster()}><Icon name="poster" /> {say("poster")}</button>}
      {Poster && <Poster picture={{ body, width, height }} name={name} caption={caption} close={() => setPoster(null)} />}
    </div>
  );
}
