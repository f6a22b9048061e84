// The video with the boxes drawn in, once every frame is done.

import type { Fn } from "../../lib/functions.ts";
import { bytes, words } from "../../lib/words.ts";
import { save } from "../../parts/actions.tsx";
import { Busy, progressText } from "../../parts/busy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import type { VideoRun } from "./video-run.ts";

const say = words(
  { save: "Save as AVI", again: "Try again", receiving: "Receiving {size} of {all}" },
  { save: "保存为 AVI", again: "重试", receiving: "接收中 {size} / {all}" },
);

export function SaveVideo({ fn, run }: { fn: Fn; run: VideoRun }) {
  const [end, progress, problem] = [run.end.value, run.saving.value, run.saveProblem.value];
  const all = end?.result?.bytes ?? null;
  const go = async () => {
    const rendered = await run.rendered(fn);
    if (rendered) save(rendered.body, rendered.name);
  };
  const share = progress?.stage === "receiving" && all ? Math.min(1, progress.bytes / all) : progress?.stage === "sending" ? progress.sent : undefined;
  const text = progress?.stage === "receiving" && all !== null ? say("receiving", { size: bytes(progress.bytes), all: bytes(all) }) : progress && progressText(progress);
  return (
    <>
      <button type="button" disabled={end === null || (!run.whole && !end.result) || progress !== null} onClick={() => void go()}>
        <Icon name="download" /> {say("save")}
      </button>
      {text && <Busy text={text} share={share} stop={() => run.stopSaving()} />}
      {problem !== null && <Notice problem={problem}><button type="button" onClick={() => void go()}>{say("again")}</button></Notice>}
    </>
  );
}
