// A wait: what is going on, how far it is, and a way to stop it. It keeps its place, so nothing jumps when it comes or goes.

import { useEffect, useRef } from "preact/hooks";
import { bytes, number, words } from "../lib/words.ts";
import type { Progress } from "../lib/send.ts";
import { Icon } from "./icon.tsx";

const say = words(
  { sending: "Sending {percent} %", working: "Working", receiving: "Receiving {size}", waiting: "Busy: next try in {seconds} s", stop: "Stop" },
  { sending: "发送中 {percent} %", working: "处理中", receiving: "接收中 {size}", waiting: "繁忙：{seconds} 秒后重试", stop: "停止" },
);

/** What a state of a request is called. */
export function progressText(state: Progress): string {
  switch (state.stage) {
    case "sending": return say("sending", { percent: number(state.sent * 100) });
    case "working": return say("working");
    case "receiving": return say("receiving", { size: bytes(state.bytes) });
    case "waiting": return say("waiting", { seconds: number(state.seconds) });
  }
}

/** `share` 0..1 where it is known. */
export function Busy({ text, share, stop }: { text: string; share?: number | undefined; stop?: () => void }) {
  // Read aloud when something else goes on, not at every number.
  const kind = text.replace(/\d[\d.,]*/g, "");
  const told = useRef("");
  useEffect(() => {
    told.current = kind;
  }, [kind]);
  return (
    <div class="busy">
      <div class="busy-line">
        <span role="status" aria-live={told.current === kind ? "off" : "polite"}>{text}</span>
        {stop && (
          <button type="button" class="quiet-button" onClick={stop}>
            <Icon name="stop" /> {say("stop")}
          </button>
        )}
      </div>
      <progress value={share} max={1} aria-label={text} />
    </div>
  );
}
