// The picture at a size that the person sets; the size is kept on this device.

import { useState } from "preact/hooks";
import { remember, remembered } from "../../lib/device.ts";
import type { Picture } from "../../lib/picture.ts";
import { words } from "../../lib/words.ts";

const say = words(
  { size: "Size", alt: "Your picture: {name}", unseen: "This browser can't show {name}; it is sent as it is." },
  { size: "大小", alt: "你的图片：{name}", unseen: "浏览器无法显示 {name}，将按原样发送。" },
);

const KEY = "classify-size";
const [LEAST, MOST] = [20, 100];

function kept(): number {
  const size = Number(remembered(KEY));
  return size >= LEAST && size <= MOST ? size : MOST;
}

export function Sized({ picture }: { picture: Picture }) {
  const [size, set] = useState(kept);
  const { url, name, width, height } = picture;
  if (!url) return <p class="card unseen">{say("unseen", { name })}</p>;
  const change = (value: number) => {
    remember(KEY, String(value));
    set(value);
  };
  return (
    <div class="stack tight">
      <label class="size">
        <span>{say("size")}</span>
        <input type="range" min={LEAST} max={MOST} step={5} value={size} onInput={(event) => change(event.currentTarget.valueAsNumber)} aria-valuetext={`${size} %`} />
        <output>{size} %</output>
      </label>
      <div class="sized">
        <img class={width < 200 ? "tiny" : ""} src={url} alt={say("alt", { name })} width={width} height={height}
          style={{ width: `calc(min(100%, (100dvh - 17rem) * ${width / height}) * ${size / 100})` }} />
      </div>
    </div>
  );
}
