// A video and what is in its frames, drawn while the function goes on.

import { useEffect, useRef } from "preact/hooks";
import type { Fn } from "../../lib/functions.ts";
import { bytes, number, words } from "../../lib/words.ts";
import { Busy, progressText } from "../../parts/busy.tsx";
import { Controls } from "../../parts/controls.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Intake } from "../../parts/intake.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Snippet } from "../../parts/snippet.tsx";
import { LOWEST } from "./boxes.ts";
import { Filters } from "./filters.tsx";
import { Found } from "./found.tsx";
import { Numbers } from "./numbers.tsx";
import { Only } from "./only.tsx";
import { SaveVideo } from "./save-video.tsx";
import { Stage } from "./stage.tsx";
import { Transport } from "./transport.tsx";
import type { Video, VideoWork } from "./video-work.ts";
import { clock } from "./words.ts";

const say = words(
  {
    detect: "Detect", again: "Try again", first: "Choose a video first.", ready: "{name}, {size}. Set what is to be found, then start.",
    list: "What is in the frame stands here.", settings: "Settings", detecting: "Detecting", done: "Every frame is done.", early: "The video ended early: {why}",
    stopped: "Stopped. What is done can still be played.", frames: "Frames done", fps: "Frames a second", of: "{done} of {all}", frame: "Frame {index}, {time}",
    unplayable: "This browser can't play this video. The boxes are drawn in a blank of its size.",
    told: "Lowest score, names and classes are told to the function at the start: the saved video has them. Later the page can only show fewer.",
    video: "The video {name}",
  },
  {
    detect: "检测", again: "重试", first: "请先选择一个视频。", ready: "{name}，{size}。先设置要查找的内容，再开始。",
    list: "当前画面中的物体会列在这里。", settings: "设置", detecting: "检测中", done: "所有帧都已完成。", early: "视频提前结束：{why}",
    stopped: "已停止。已完成的部分仍可播放。", frames: "已完成帧", fps: "每秒帧数", of: "{done} / {all}", frame: "第 {index} 帧，{time}",
    unplayable: "浏览器无法播放此视频。框画在同样大小的空白上。",
    told: "最低得分、名称和类别在开始时就告诉功能：保存的视频按此绘制。之后页面只能少显示。",
    video: "视频 {name}",
  },
);

const SETTINGS = ["model", "iou", "every", "max_frames"];

/** The shape that most videos have: kept free until this one's is known. */
const USUAL = { width: 16, height: 9 };

export function VideoTab({ fn, work }: { fn: Fn; work: VideoWork }) {
  const video = work.video.value;
  const busy = video?.run.run.busy.value ?? false;
  const lowest = Number(video?.run.asked.value?.["threshold"] ?? LOWEST);
  return (
    <div class="work">
      <div class="stack">
        {video ? <Shown work={work} video={video} key={video.url} /> : <Intake kind="video" onVideo={(file) => work.put(file)} />}
        {video && <Intake kind="video" small onVideo={(file) => work.put(file)} />}
      </div>
      <div class="stack">
        <section class="card stack tight">
          <button type="button" class="primary" disabled={!video || busy} onClick={() => void work.detect(fn)}>
            <Icon name="detect" /> {say("detect")}
          </button>
          <State fn={fn} work={work} />
          <Progressed video={video} />
          {video && <SaveVideo fn={fn} run={video.run} />}
        </section>
        <Filters scene={work.scene} lowest={busy || (video?.run.done.value ?? 0) > 0 ? lowest : LOWEST} />
        <Listed work={work} video={video} />
        <details class="card detect-settings">
          <summary>{say("settings")}</summary>
          <div class="stack tight">
            <Only classes={work.classes} disabled={busy} />
            <p class="quiet">{say("told")}</p>
            <Controls fn={fn} route="/video" value={work.options.value} onChange={(options) => { work.options.value = options; }} only={SETTINGS} />
          </div>
        </details>
        {video?.run.ask && <Snippet ask={{ fn, ...video.run.ask }} file={video.run.file.name} />}
      </div>
    </div>
  );
}

/** The video with the boxes over it, and what plays it. */
function Shown({ work, video: { run, player, url } }: { work: VideoWork; video: Video }) {
  const element = useRef<HTMLVideoElement>(null);
  const { playable, scene } = work;
  const plays = playable.value !== false;
  useEffect(() => player.attach(plays ? element.current : null), [player, plays]);
  useEffect(() => () => player.pause(), [player]);
  const tried = (video: HTMLVideoElement) => {
    playable.value = video.videoWidth > 0;
    if (video.videoWidth > 0) scene.size.value ??= { width: video.videoWidth, height: video.videoHeight };
  };
  return (
    <>
      <Stage scene={scene} size={USUAL}>
        {plays
          ? <video ref={element} src={url} muted playsInline preload="auto" aria-label={say("video", { name: run.file.name })}
              onLoadedData={(event) => tried(event.currentTarget)} onError={() => { playable.value = false; }} />
          : <p class="detect-blank">{say("unplayable")}</p>}
      </Stage>
      <Transport run={run} player={player} />
    </>
  );
}

/** What goes on, or why it does not. */
function State({ fn, work }: { fn: Fn; work: VideoWork }) {
  const video = work.video.value;
  if (!video) return <p class="quiet detect-wait">{say("first")}</p>;
  const { run } = video;
  const progress = run.run.progress.value;
  const end = run.end.value;
  const [done, all] = [run.done.value, run.all];
  const text = end?.error ? say("early", { why: end.error }) : end ? say("done") : done > 0 ? say("stopped") : say("ready", { name: run.file.name, size: bytes(run.file.size) });
  const problem = run.run.problem.value;
  return (
    <>
      <div class="detect-wait">
        {progress
          ? <Busy text={progress.stage === "receiving" ? say("detecting") : progressText(progress)} stop={() => run.stop()}
              share={progress.stage === "sending" ? progress.sent : all ? Math.min(1, done / all) : undefined} />
          : <p class="quiet" role="status">{text}</p>}
      </div>
      {problem !== null && <Notice problem={problem}><button type="button" onClick={() => void work.detect(fn)}>{say("again")}</button></Notice>}
    </>
  );
}

function Progressed({ video }: { video: Video | null }) {
  const [done, all, fps] = [video?.run.done.value ?? 0, video?.run.all ?? null, video?.run.fps ?? null];
  return (
    <Numbers items={[
      [say("frames"), all === null ? number(done) : say("of", { done: number(done), all: number(all) }), "frames"],
      [say("fps"), fps === null ? "–" : number(fps, 1), "fps"],
    ]} />
  );
}

function Listed({ work, video }: { work: VideoWork; video: Video | null }) {
  // As calm as the list itself.
  const calm = work.scene.calm.value;
  const index = video?.player.index.peek() ?? null;
  const head = index === null || !calm || !video ? {} : { head: say("frame", { index: number(index), time: clock(video.player.time.peek()) }) };
  return <Found scene={work.scene} waiting={index === null ? say("list") : null} {...head} />;
}
