// The settings of a function: its own controls, and whether the page makes pictures smaller first.

import { useId } from "preact/hooks";
import type { Options } from "../../lib/send.ts";
import { number, words } from "../../lib/words.ts";
import { Controls } from "../../parts/controls.tsx";
import type { Desk } from "./desk.ts";

const say = words(
  {
    smaller: "Make smaller first", why: "On this device, before it is sent: quicker over a slow network.",
    side: "Longer side (pixels)", quality: "JPEG quality: {value} %", becomes: "{from} becomes {to}.", stays: "{from} is small enough: its size stays.",
  },
  {
    smaller: "先缩小图片", why: "发送前在本机完成：网络慢时更快。",
    side: "长边（像素）", quality: "JPEG 质量：{value} %", becomes: "{from} 将变为 {to}。", stays: "{from} 已足够小：尺寸不变。",
  },
);

/** The longer side that may be asked for, pixels. */
const LEAST = 64;
const MOST = 16384;

export function Tune({ desk }: { desk: Desk }) {
  const shared = { fn: desk.fn, value: desk.options.value, onChange: (options: Options) => { desk.options.value = options; } };
  return (
    <div class="card stack enhance-tune">
      {desk.fn.name === "stylize" && <Controls {...shared} only={["style"]} />}
      <Controls {...shared} />
      <Smaller desk={desk} />
    </div>
  );
}

function Smaller({ desk }: { desk: Desk }) {
  const id = useId();
  const { on, side, quality } = desk.shrink.value;
  const picture = desk.picture.value;
  const set = (part: Partial<typeof desk.shrink.value>) => {
    desk.shrink.value = { ...desk.shrink.peek(), ...part };
  };
  return (
    <div class="stack tight enhance-smaller">
      <label class="row">
        <input type="checkbox" checked={on} aria-describedby={`${id}-why`} onChange={(event) => set({ on: event.currentTarget.checked })} />
        {say("smaller")}
      </label>
      <p class="quiet" id={`${id}-why`}>{say("why")}</p>
      {on && (
        <>
          <label for={`${id}-side`}>{say("side")}</label>
          <input
            id={`${id}-side`} type="number" inputMode="numeric" min={LEAST} max={MOST} step={1} value={side}
            onChange={(event) => {
              const asked = Math.round(event.currentTarget.valueAsNumber);
              const fits = Number.isFinite(asked) ? Math.min(MOST, Math.max(LEAST, asked)) : side;
              event.currentTarget.value = String(fits);
              set({ side: fits });
            }}
          />
          <label for={`${id}-quality`}>{say("quality", { value: number(quality * 100) })}</label>
          <input
            id={`${id}-quality`} type="range" min={0.4} max={1} step={0.05} value={quality}
            onInput={(event) => set({ quality: event.currentTarget.valueAsNumber })}
          />
          {picture?.url && <p class="quiet">{becomes(picture.width, picture.height, side)}</p>}
        </>
      )}
    </div>
  );
}

function becomes(width: number, height: number, side: number): string {
  const scale = Math.min(1, side / Math.max(width, height));
  const from = `${width} x ${height}`;
  return scale === 1 ? say("stays", { from }) : say("becomes", { from, to: `${Math.round(width * scale)} x ${Math.round(height * scale)}` });
}
