// The camera, and what it sees, drawn as fast as the function answers.

import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Fn } from "../../lib/functions.ts";
import { number, words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { LOWEST } from "./boxes.ts";
import { CameraWork } from "./camera-work.ts";
import { Filters } from "./filters.tsx";
import { Found } from "./found.tsx";
import { Numbers } from "./numbers.tsx";
import { Stage } from "./stage.tsx";

const say = words(
  {
    start: "Start the camera", stop: "Stop", pause: "Pause", play: "Play from now", turn: "Switch camera", most: "Requests at a time", opening: "Opening the camera",
    off: "The camera is off.", again: "Try again", list: "What the camera sees stands here.", frames: "Frames", fps: "Frames a second", latency: "Latency",
    dropped: "Dropped", ms: "{ms} ms", kept: "Frames go to the function one by one, and neither side keeps them.", seen: "What the camera sees",
  },
  {
    start: "打开摄像头", stop: "停止", pause: "暂停", play: "从现在继续", turn: "切换摄像头", most: "同时请求数", opening: "正在打开摄像头",
    off: "摄像头已关闭。", again: "重试", list: "摄像头看到的物体会列在这里。", frames: "帧数", fps: "每秒帧数", latency: "延迟",
    dropped: "已丢弃", ms: "{ms} 毫秒", kept: "画面逐帧发送给功能，双方都不保存。", seen: "摄像头画面",
  },
);

const MOST = [1, 2, 3, 4];
const FIRST = { width: 640, height: 480 };

export function CameraTab({ fn }: { fn: Fn }) {
  const stage = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const frame = useRef<HTMLCanvasElement>(null);
  const work = useMemo(() => new CameraWork(fn, () => stage.current), [fn]);
  useEffect(() => () => work.stop(), [work]);
  const [state, problem] = [work.state.value, work.problem.value];
  const running = state === "on" || state === "paused";
  const start = () => {
    if (video.current && frame.current) void work.start(video.current, frame.current);
  };
  return (
    <div class="work">
      <div class="stack">
        <Stage scene={work.scene} size={FIRST} root={stage}>
          <video ref={video} class="detect-source" muted playsInline aria-hidden="true" />
          <canvas ref={frame} class="detect-frame" role="img" aria-label={say("seen")} />
          {!running && <p class="detect-blank">{state === "opening" ? say("opening") : say("off")}</p>}
        </Stage>
        <p class="quiet">{say("kept")}</p>
      </div>
      <div class="stack">
        <section class="card stack tight">
          <div class="row">
            {running
              ? <button type="button" onClick={() => work.stop()}><Icon name="stop" /> {say("stop")}</button>
              : <button type="button" class="primary" disabled={state === "opening"} onClick={start}><Icon name="camera" /> {say("start")}</button>}
            <button type="button" disabled={!running} onClick={() => (state === "paused" ? work.play() : work.pause())}>
              <Icon name={state === "paused" ? "play" : "pause"} /> {state === "paused" ? say("play") : say("pause")}
            </button>
            {work.several.value && <button type="button" disabled={!running} onClick={() => void work.turn()}><Icon name="switch" /> {say("turn")}</button>}
          </div>
          {state === "opening" && <Busy text={say("opening")} stop={() => work.stop()} />}
          {problem !== null && (
            <Notice problem={problem}>
              <button type="button" onClick={() => (running ? work.play() : start())}>{say("again")}</button>
            </Notice>
          )}
          <Paced work={work} />
          <label class="detect-most">
            <span>{say("most")}</span>
            <select value={work.most.value} onChange={(event) => { work.most.value = Number(event.currentTarget.value); }}>
              {MOST.map((most) => <option key={most} value={most}>{number(most)}</option>)}
            </select>
          </label>
        </section>
        <Filters scene={work.scene} lowest={LOWEST} />
        <Found scene={work.scene} waiting={running ? null : say("list")} />
      </div>
    </div>
  );
}

function Paced({ work }: { work: CameraWork }) {
  const { frames, fps, latency, dropped } = work.pace.value;
  return (
    <Numbers items={[
      [say("fps"), fps === null ? "–" : number(fps, 1), "fps"],
      [say("latency"), latency === null ? "–" : say("ms", { ms: number(latency) }), "latency"],
      [say("frames"), number(frames), "frames"],
      [say("dropped"), number(dropped), "dropped"],
    ]} />
  );
}
