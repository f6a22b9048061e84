// Detect: what is where, in a picture, in a video, before the camera.

import { useEffect, useMemo } from "preact/hooks";
import { functions, ofTask, type Fn } from "../../lib/functions.ts";
import { place, to } from "../../lib/place.ts";
import { words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { CameraTab } from "./camera.tsx";
import { PictureWork } from "./picture-work.ts";
import { PictureTab } from "./picture.tsx";
import { VideoWork } from "./video-work.ts";
import { VideoTab } from "./video.tsx";

const say = words(
  {
    title: "Detect", about: "Finds people, cars, animals and other everyday things, eighty kinds in all.", kinds: "What to look at",
    picture: "Picture", video: "Video", camera: "Camera", none: "No function here finds things.", opening: "Opening", which: "Function",
  },
  {
    title: "检测", about: "找出人、汽车、动物等八十类日常物体。", kinds: "检测对象",
    picture: "图片", video: "视频", camera: "摄像头", none: "这里没有检测功能。", opening: "正在打开", which: "功能",
  },
);

const KINDS = ["picture", "video", "camera"] as const;

export default function View() {
  const fns = ofTask("boxes");
  const fn = fns.find((one) => one.name === place.value[2]) ?? fns[0];
  return (
    <div class="view">
      <header class="view-head">
        <h1>{say("title")}</h1>
        <p class="quiet">{say("about")}</p>
      </header>
      {fn ? <Tabs key={fn.name} fn={fn} fns={fns} /> : functions.value ? <p>{say("none")}</p> : <Busy text={say("opening")} />}
    </div>
  );
}

function Tabs({ fn, fns }: { fn: Fn; fns: Fn[] }) {
  const kind = KINDS.find((one) => one === place.value[1]) ?? "picture";
  // What is open in one tab stays there while another is looked at.
  const picture = useMemo(() => new PictureWork(), []);
  const video = useMemo(() => new VideoWork(), []);
  useEffect(() => () => {
    picture.end();
    video.end();
  }, []);
  const rest = fn === fns[0] && fns.length === 1 ? [] : [fn.name];
  return (
    <>
      <nav class="tabs" aria-label={say("kinds")}>
        {KINDS.map((one) => <a key={one} href={to("detect", one, ...rest)} aria-current={one === kind ? "page" : undefined}>{say(one)}</a>)}
      </nav>
      {fns.length > 1 && (
        <nav class="tabs" aria-label={say("which")}>
          {fns.map((one) => <a key={one.name} href={to("detect", kind, one.name)} aria-current={one === fn ? "page" : undefined}>{one.name}</a>)}
        </nav>
      )}
      {kind === "picture" && <PictureTab fn={fn} work={picture} />}
      {kind === "video" && <VideoTab fn={fn} work={video} />}
      {kind === "camera" && <CameraTab fn={fn} />}
    </>
  );
}
