// One of many pictures, shown large.

import { useEffect, useRef, useState } from "preact/hooks";
import { measure, resultName } from "../../lib/picture.ts";
import { useUrl } from "../../lib/url.ts";
import { words } from "../../lib/words.ts";
import { Compare } from "../../parts/compare.tsx";
import { Icon } from "../../parts/icon.tsx";
import type { Batch, Item } from "./batch.ts";
import { Outcome } from "./outcome.tsx";
import { rowId, stateText } from "./row.tsx";

const say = words(
  { before: "Before", after: "After", close: "Close", unseen: "This browser can't show it." },
  { before: "之前", after: "之后", close: "关闭", unseen: "浏览器无法显示。" },
);

export function Opened({ batch, item }: { batch: Batch; item: Item }) {
  const { picture } = item;
  const state = item.state.value;
  const done = state.stage === "done" ? state : null;
  const answer = done?.answer ?? null;
  const size = useSize(answer?.body ?? null);
  const sent = done?.before ?? picture;
  const before = useUrl(sent.width ? sent.body : null);
  const after = useUrl(size && answer ? answer.body : null);
  const head = useRef<HTMLElement>(null);
  useEffect(() => {
    head.current?.focus({ preventScroll: true });
    head.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const close = () => {
    batch.opened.value = null;
    document.getElementById(rowId(item))?.querySelector("button")?.focus();
  };
  return (
    <section class="stack tight enhance-opened" aria-label={picture.name} tabIndex={-1} ref={head}>
      <div class="row enhance-opened-head">
        <h2>{picture.name}</h2>
        <button type="button" class="quiet-button" onClick={close}><Icon name="close" /> {say("close")}</button>
      </div>
      {before
        ? (
          <Compare
            before={{ url: before, width: sent.width, height: sent.height, label: say("before") }}
            after={after && size ? { url: after, ...size, label: say("after") } : null}
          />
        )
        : <p class="card">{say("unseen")}</p>}
      {picture.note && <p class="quiet">{picture.note}</p>}
      {answer
        ? (
          <Outcome
            answer={answer} sent={{ width: sent.width, height: sent.height, bytes: sent.body.size }} picture={picture} size={size}
            name={resultName(picture.name, batch.fn.name, answer.type)} not={batch.fn.name}
            trail={{ functions: [batch.fn.name], first: { body: picture.body, width: picture.width, height: picture.height } }}
          />
        )
        : <p class="quiet">{stateText(state)}</p>}
    </section>
  );
}

/** Columns and rows of a picture, once they are known. */
function useSize(body: Blob | null): { width: number; height: number } | null {
  const [known, setKnown] = useState<{ body: Blob; size: { width: number; height: number } } | null>(null);
  useEffect(() => {
    let current = true;
    if (body) void measure(body).then((size) => current && size && setKnown({ body, size }));
    return () => {
      current = false;
    };
  }, [body]);
  return known?.body === body ? known?.size ?? null : null;
}
