// The poster before it is saved: a preview, its caption to be changed, download and share.

import { useEffect, useRef, useState } from "preact/hooks";
import { pageAddress } from "../lib/about.ts";
import { drawPoster, HEIGHT, WIDTH } from "../lib/poster.ts";
import { renamed } from "../lib/picture.ts";
import { language, words } from "../lib/words.ts";
import { save, shareFile } from "./actions.tsx";
import { Busy } from "./busy.tsx";
import { Icon } from "./icon.tsx";
import { Notice } from "./notice.tsx";

export interface PosterProps {
  picture: { body: Blob; width: number; height: number };
  /** The picture's file name. */
  name: string;
  caption: string;
  close: () => void;
}

const say = words(
  {
    title: "Poster", caption: "Caption", preview: "Poster: {caption}", code: "The QR code leads to {address}", download: "Download the poster",
    share: "Share the poster", close: "Close", drawing: "Drawing", failed: "This browser can't draw the picture on a poster.",
  },
  {
    title: "海报", caption: "说明文字", preview: "海报：{caption}", code: "二维码指向 {address}", download: "下载海报",
    share: "分享海报", close: "关闭", drawing: "正在绘制", failed: "浏览器无法把这张图片画到海报上。",
  },
);

export function Poster({ picture, name, caption, close }: PosterProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [bitmap, setBitmap] = useState<ImageBitmap | null>(null);
  const [text, setText] = useState(caption);
  const [failed, fail] = useState(false);
  const address = pageAddress();
  const spoken = language.value;

  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    let made: ImageBitmap | null = null;
    let current = true;
    createImageBitmap(picture.body).then(
      (decoded) => {
        made = decoded;
        if (current) setBitmap(decoded);
        else decoded.close();
      },
      () => current && fail(true),
    );
    return () => {
      current = false;
      made?.close();
    };
  }, [picture.body]);
  useEffect(() => {
    if (bitmap && canvas.current) drawPoster(canvas.current, { picture: bitmap, caption: text, date: new Date(), address });
  }, [bitmap, text, address, spoken]);

  const withPoster = (use: (poster: Blob, name: string) => void) => {
    canvas.current?.toBlob((poster) => (poster ? use(poster, renamed(name, "png").replace(/\.png$/, "-poster.png")) : fail(true)), "image/png");
  };

  return (
    <dialog class="poster" ref={dialog} onClose={close} aria-labelledby="poster-title">
      <div class="poster-body">
        <div class="poster-head">
          <h2 id="poster-title">{say("title")}</h2>
          <button type="button" class="icon-button" aria-label={say("close")} title={say("close")} onClick={() => dialog.current?.close()}><Icon name="close" /></button>
        </div>
        <canvas ref={canvas} width={WIDTH} height={HEIGHT} role="img" aria-label={say("preview", { caption: text })} />
        <div class="stack tight">
          {failed ? <Notice problem={say("failed")} /> : !bitmap && <Busy text={say("drawing")} />}
          <label class="stack tight">
            {say("caption")}
            <textarea rows={3} maxLength={160} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          </label>
          <p class="quiet poster-address">{say("code", { address })}</p>
          <button type="button" class="primary" disabled={!bitmap} onClick={() => withPoster(save)}><Icon name="download" /> {say("download")}</button>
          <button type="button" disabled={!bitmap} onClick={() => withPoster((poster, file) => void shareFile(new File([poster], file, { type: "image/png" }), text))}>
            <Icon name="share" /> {say("share")}
          </button>
        </div>
      </div>
    </dialog>
  );
}
