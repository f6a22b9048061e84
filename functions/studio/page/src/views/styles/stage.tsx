// The picture and what was made of it.

import type { Picture } from "../../lib/picture.ts";
import { useUrl } from "../../lib/url.ts";
import { bytes, seconds, words } from "../../lib/words.ts";
import { Actions } from "../../parts/actions.tsx";
import { Compare, type Side } from "../../parts/compare.tsx";
import { Intake } from "../../parts/intake.tsx";
import { Snippet } from "../../parts/snippet.tsx";
import { caption, inWords } from "./names.ts";
import { fileName } from "./paint.ts";
import type { Painting } from "./paintings.ts";
import { latest, put, type Made, type Slot } from "./slots.ts";

const say = words(
  {
    before: "Photograph", after: "Painting", line: "{styles}: {time}, {width} × {height} pixels, {size}", model: "network {model}",
    unseen: "This browser can't show {name}; it is sent as it is.", use: "Use {name} here",
  },
  {
    before: "照片", after: "画作", line: "{styles}：{time}，{width} × {height} 像素，{size}", model: "网络 {model}",
    unseen: "浏览器无法显示 {name}，将按原样发送。", use: "在此使用 {name}",
  },
);

export function Stage({ slot, all }: { slot: Slot; all: Painting[] }) {
  const picture = slot.picture.value;
  const made = slot.made.value;
  const url = useUrl(made?.answer.body ?? null);
  const other = latest.value;
  const take = (one: Picture | undefined) => one && put(slot, one);
  if (!picture) return <div class="photo"><Intake onPictures={([one]) => take(one)} /></div>;
  const before: Side | null = picture.url ? { url: picture.url, width: picture.width, height: picture.height, label: say("before") } : null;
  const after: Side | null = made && url && made.width > 0 ? { url, width: made.width, height: made.height, label: say("after") } : null;
  return (
    <div class="photo stack">
      {before ? <Compare before={before} after={after} />
        : after ? <Compare before={after} after={null} />
        : <p class="card unseen">{say("unseen", { name: picture.name })}</p>}
      {picture.note && <p class="quiet">{picture.note}</p>}
      {made && <Result made={made} all={all} name={picture.name} />}
      <div class="row">
        <Intake small onPictures={([one]) => take(one)} />
        {other && other !== picture && <button type="button" onClick={() => take(other)}>{say("use", { name: other.name })}</button>}
      </div>
      {made && <Snippet ask={made.answer.ask} file={picture.name} />}
    </div>
  );
}

function Result({ made, all, name }: { made: Made; all: Painting[]; name: string }) {
  const { answer, style, width, height } = made;
  return (
    <>
      <p class="quiet">
        {say("line", { styles: inWords(all, style), time: seconds(answer.seconds), width, height, size: bytes(answer.body.size) })}
        {answer.model && <> · {say("model", { model: answer.model })}</>}
      </p>
      <Actions body={answer.body} name={fileName(name, style, answer.type)} caption={caption(all, style, name)} width={width} height={height} />
    </>
  );
}
