// Play, pause, and the place in a video, among the frames that are done.

import { words } from "../../lib/words.ts";
import { Icon } from "../../parts/icon.tsx";
import type { Player } from "./player.ts";
import type { VideoRun } from "./video-run.ts";
import { clock } from "./words.ts";

const say = words(
  { play: "Play", pause: "Pause", place: "Place in the video", waiting: "Waiting for frames" },
  { play: "播放", pause: "暂停", place: "视频位置", waiting: "等待新的帧" },
);

export function Transport({ run, player }: { run: VideoRun; player: Player }) {
  const [playing, waiting, time, done] = [player.playing.value, player.waiting.value, player.time.value, run.done.value];
  const until = run.until ?? 0;
  const whole = Math.max(run.end.value ? until : (run.info.value?.duration ?? 0), until, 0.01);
  const name = playing ? say("pause") : say("play");
  return (
    <div class="detect-transport" data-time={time.toFixed(3)} data-index={player.index.value ?? ""} data-state={playing ? (waiting ? "waiting" : "playing") : "paused"}>
      <button type="button" class="icon-button" aria-label={name} title={name} disabled={done === 0} onClick={() => (playing ? player.pause() : player.play())}>
        <Icon name={playing ? "pause" : "play"} />
      </button>
      <div class="detect-scrubber" style={{ "--done": String(done > 0 ? until / whole : 0) }}>
        <input type="range" min={0} max={whole} step={run.step} value={time} disabled={done === 0} aria-label={say("place")} aria-valuetext={clock(time)}
          onInput={(event) => {
            player.seek(Number(event.currentTarget.value));
            event.currentTarget.value = String(player.time.peek());
          }} />
      </div>
      <span class="quiet detect-clock">{waiting && done > 0 ? say("waiting") : `${clock(time)} / ${clock(whole)}`}</span>
    </div>
  );
}
