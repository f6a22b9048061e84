// Many pictures: how far they are, and each of them.

import { useEffect, useRef, useState } from "preact/hooks";
import type { VNode } from "preact";
import { download } from "../../lib/clipboard.ts";
import { number, seconds, words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import type { Batch } from "./batch.ts";
import type { Desk } from "./desk.ts";
import { useFocusBack } from "../../lib/focus.ts";
import { verb } from "./verb.ts";
import { Opened } from "./opened.tsx";
import { Row } from "./row.tsx";

const say = words(
  {
    many: "{verb}: {count} pictures", one: "{verb}: 1 picture", nothing: "{verb}", of: "{done} of {all} done",
    failed: "{count} failed", other: "{count} with other settings than now", time: "{time} in all",
    again: "Try the failed ones again", zip: "Download all (zip)", packing: "Packing", pictures: "Pictures", tryAgain: "Try again",
  },
  {
    many: "{verb}：{count} 张图片", one: "{verb}：1 张图片", nothing: "{verb}", of: "已完成 {done} / {all}",
    failed: "{count} 张失败", other: "{count} 张的设置与现在不同", time: "共 {time}",
    again: "重试失败的图片", zip: "全部下载（zip）", packing: "正在打包", pictures: "图片", tryAgain: "重试",
  },
);

export function Many({ desk, batch, tune }: { desk: Desk; batch: Batch; tune: VNode }) {
  const items = batch.items.value;
  const openedId = batch.opened.value;
  const opened = items.find((item) => item.id === openedId);
  return (
    <>
      <div class="stack enhance-batch">
        <Progress desk={desk} batch={batch} />
        {tune}
      </div>
      <div class="stack">
        {opened && <Opened key={opened.id} batch={batch} item={opened} />}
        <ul class="enhance-rows" aria-label={say("pictures")}>
          {items.map((item) => <Row key={item.id} batch={batch} item={item} />)}
        </ul>
      </div>
    </>
  );
}

/** The buttons for all, and how far they are. */
function Progress({ desk, batch }: { desk: Desk; batch: Batch }) {
  const all = batch.items.value.length;
  const done = batch.done.value.length;
  const failed = batch.failed.value;
  const dueItems = batch.due(desk.settings());
  const due = dueItems.length;
  const other = dueItems.filter((item) => item.state.value.stage === "done").length;
  const running = batch.running.value;
  const [button, pressed] = useFocusBack(running);
  const word = verb(desk.fn.name);
  const label = due === 0 || running ? say("nothing", { verb: word }) : say(due === 1 ? "one" : "many", { verb: word, count: number(due) });
  const text = [
    say("of", { done: number(done), all: number(all) }),
    ...(failed.length > 0 ? [say("failed", { count: number(failed.length) })] : []),
    ...(other > 0 && !running ? [say("other", { count: number(other) })] : []),
    ...(batch.total.value > 0 ? [say("time", { time: seconds(batch.total.value) })] : []),
  ].join(" · ");
  return (
    <section class="card stack tight">
      <button type="button" class="primary" disabled={running || due === 0} ref={button} onClick={() => { pressed(); batch.start(); }}>{label}</button>
      <div class="enhance-state">
        {running
          ? <Busy text={text} share={(done + failed.length) / all} stop={() => batch.stop()} />
          : <p class="quiet" role="status">{text}</p>}
      </div>
      {failed.length > 0 && !running && <button type="button" onClick={() => batch.retry(failed)}>{say("again")}</button>}
      <Zip batch={batch} fn={desk.fn.name} />
    </section>
  );
}

function Zip({ batch, fn }: { batch: Batch; fn: string }) {
  const [problem, setProblem] = useState<unknown>(null);
  const alive = useRef(true);
  useEffect(() => () => {
    alive.current = false;
  }, []);
  const share = batch.packing.value;
  const pack = async () => {
    setProblem(null);
    try {
      download(await batch.pack(), `${fn}.zip`);
    } catch (cause) {
      if (alive.current) setProblem(cause);
    }
  };
  return (
    <>
      <button type="button" disabled={batch.done.value.length === 0 || batch.running.value || share !== null} onClick={() => void pack()}>
        <Icon name="download" /> {say("zip")}
      </button>
      {share !== null && <Busy text={say("packing")} share={share} />}
      {problem !== null && <Notice problem={problem}><button type="button" onClick={() => void pack()}>{say("tryAgain")}</button></Notice>}
    </>
  );
}
