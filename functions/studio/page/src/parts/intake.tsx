// Where pictures and videos come in: dropped, pasted, chosen, taken by the camera, or one of the samples.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { forget, type Picture } from "../lib/picture.ts";
import { tell } from "../lib/tell.ts";
import { words } from "../lib/words.ts";
import { Busy } from "./busy.tsx";
import { Icon } from "./icon.tsx";
import { Camera, hasCamera } from "./intake/camera.tsx";
import { hasFiles, isForText, noVideo, onClipboard, readAll, taken } from "./intake/files.ts";
import { Menu } from "./intake/menu.tsx";
import { Problems } from "./intake/problems.tsx";
import { fetchSample, Samples, samplesName } from "./intake/samples.tsx";

const say = words(
  {
    drop: "Drop a picture here", drops: "Drop pictures here", dropVideo: "Drop a video here", anywhere: "Drop it anywhere",
    add: "Add a picture", adds: "Add pictures", addVideo: "Add a video",
    ways: "or paste with {keys}", touch: "It stays on this device until you send it.",
    choose: "Choose a picture", chooses: "Choose pictures", chooseVideo: "Choose a video",
    another: "Another picture", more: "More pictures", anotherVideo: "Another video", paste: "Paste", take: "Take a picture",
    reading: "Reading {number} of {count}", opening: "Opening", first: "Only one at a time: {name} was taken.",
  },
  {
    drop: "将图片拖到这里", drops: "将图片拖到这里", dropVideo: "将视频拖到这里", anywhere: "松开即可",
    add: "添加图片", adds: "添加图片", addVideo: "添加视频",
    ways: "或按 {keys} 粘贴", touch: "发送之前，它只留在本设备上。",
    choose: "选择图片", chooses: "选择多张图片", chooseVideo: "选择视频",
    another: "换一张图片", more: "更多图片", anotherVideo: "换一个视频", paste: "粘贴", take: "拍照",
    reading: "正在读取第 {number} 个，共 {count} 个", opening: "正在打开", first: "一次只能处理一个：已选用 {name}。",
  },
);

export interface IntakeProps {
  /** Whether several may come at once. */
  multiple?: boolean;
  /** `video` gives the file as it is, by `onVideo`. */
  kind?: "picture" | "video";
  /** A small bar instead of a large field: when there is a picture already. */
  small?: boolean;
  /** What else stands in the small bar. */
  more?: ComponentChildren;
  onPictures?: (pictures: Picture[]) => void;
  onVideo?: (video: File) => void;
}

type Files = () => File[] | Promise<File[]>;

const ACCEPT = { picture: "image/*,.heic,.heif,.avif,.tif,.tiff", video: "video/*,.avi,.mkv,.mp4" };
/** Where fingers alone are at hand nothing is dropped or pasted by keys. */
const FINGERS = matchMedia("(hover: none)").matches;
const PASTE = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘V" : "Ctrl+V";
/** A wait is shown from here on, milliseconds. */
const SHOWN = 300;

export function Intake({ multiple = false, kind = "picture", small = false, more, onPictures, onVideo }: IntakeProps) {
  const chooser = useRef<HTMLInputElement>(null);
  const capture = useRef<HTMLInputElement>(null);
  const round = useRef(0);
  const gone = useRef(false);
  const [wait, setWait] = useState<string | null>(null);
  const [slow, setSlow] = useState(false);
  const [problems, setProblems] = useState<string[]>([]);
  const [over, setOver] = useState(false);
  const [camera, setCamera] = useState(false);

  /** Of several nothing is lost: what comes while others are being read is read after them. Of one the last that comes is wanted. */
  const queue = useRef(Promise.resolve());
  const pending = useRef(0);
  const latest = useRef<(get: Files, before: string[]) => Promise<void>>(() => Promise.resolve());
  const receive = async (get: Files, before: string[] = []): Promise<void> => {
    if (pending.current === 0) setProblems([]);
    pending.current += 1;
    queue.current = multiple ? queue.current.then(() => latest.current(get, before)) : latest.current(get, before);
    await queue.current;
    pending.current -= 1;
  };
  const readThem = async (get: Files, before: string[]): Promise<void> => {
    if (gone.current) return;
    const mine = (round.current += 1);
    const current = () => mine === round.current;
    setWait(say("opening"));
    const found = [...before];
    const timer = setTimeout(() => current() && setSlow(true), SHOWN);
    try {
      const all = await get();
      const files = multiple ? all : all.slice(0, 1);
      if (files.length < all.length && files[0]) tell(say("first", { name: files[0].name }));
      if (kind === "video") {
        const video = files[0];
        const problem = video ? await noVideo(video) : null;
        if (problem) found.push(problem);
        else if (video && current()) onVideo?.(video);
      } else {
        const { pictures, problems: failed } = await readAll(files, (done) => current() && setWait(say("reading", { number: done + 1, count: files.length })), current);
        found.push(...failed);
        const note = pictures.find((one) => one.note)?.note;
        if (!current()) pictures.forEach(forget);
        else if (pictures.length > 0) {
          if (note) tell(note);
          onPictures?.(pictures);
        }
      }
    } catch (cause) {
      found.push(cause instanceof Error ? cause.message : String(cause));
    } finally {
      clearTimeout(timer);
      if (current()) {
        setWait(null);
        setSlow(false);
        setProblems((old) => [...old, ...found]);
      }
    }
  };
  latest.current = readThem;

  useEffect(() => {
    gone.current = false;
    const enter = (event: DragEvent) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      setOver(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      setOver(false);
      if (event.defaultPrevented || !hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      const { files, problems: folders } = taken(event.dataTransfer);
      void receive(() => files, folders);
    };
    const paste = (event: ClipboardEvent) => {
      if (event.defaultPrevented || !hasFiles(event.clipboardData) || isForText(event)) return;
      event.preventDefault();
      const { files, problems: folders } = taken(event.clipboardData);
      void receive(() => files, folders);
    };
    const parts: [keyof WindowEventMap, (event: never) => void][] = [["dragenter", enter], ["dragover", enter], ["dragleave", leave], ["drop", drop], ["paste", paste]];
    for (const [name, listener] of parts) addEventListener(name, listener as EventListener);
    return () => {
      round.current += 1;
      gone.current = true;
      for (const [name, listener] of parts) removeEventListener(name, listener as EventListener);
    };
  }, []);

  const chosen = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) void receive(() => files);
  };
  const busy = wait !== null;
  const video = kind === "video";
  const pick = (sample: Parameters<typeof fetchSample>[1]) => void receive(async () => [await fetchSample(kind, sample)]);
  const chooseName = video ? say(small ? "anotherVideo" : "chooseVideo") : say(multiple ? (small ? "more" : "chooses") : small ? "another" : "choose");

  const buttons: ComponentChildren = (
    <>
      <button type="button" class={small ? undefined : "primary"} onClick={() => chooser.current?.click()}>
        <Icon name="upload" /> {chooseName}
      </button>
      {!video && typeof navigator.clipboard?.read === "function" && (
        <button type="button" onClick={() => void receive(async () => [await onClipboard()])}>
          <Icon name="copy" /> {say("paste")}
        </button>
      )}
      {!video && (
        <button type="button" onClick={() => (hasCamera() ? setCamera(true) : capture.current?.click())}>
          <Icon name="camera" /> {say("take")}
        </button>
      )}
    </>
  );

  return (
    <div class={small ? "intake intake-small" : "intake"} data-reading={busy ? "" : undefined}>
      <input ref={chooser} type="file" hidden accept={ACCEPT[kind]} multiple={multiple} onChange={chosen} />
      {!video && <input ref={capture} type="file" hidden accept="image/*" capture="environment" onChange={chosen} />}
      {small ? (
        <div class="row">
          {buttons}
          <Menu name={samplesName()}>{(close) => <Samples kind={kind} heading={false} choose={(one) => { close(); pick(one); }} />}</Menu>
          {more}
        </div>
      ) : (
        <div class="intake-field">
          <div class="intake-sign"><Icon name={video ? "play" : "upload"} /></div>
          <p class="intake-title">{FINGERS ? say(video ? "addVideo" : multiple ? "adds" : "add") : say(video ? "dropVideo" : multiple ? "drops" : "drop")}</p>
          {!FINGERS && <p class="quiet intake-ways">{say("ways", { keys: PASTE })}</p>}
          <div class="row">{buttons}</div>
          <p class="quiet">{say("touch")}</p>
        </div>
      )}
      {busy && slow && <Busy text={wait} />}
      {problems.length > 0 && <Problems problems={problems} close={() => setProblems([])} choose={() => chooser.current?.click()} />}
      {!small && <Samples kind={kind} heading choose={pick} />}
      {over && <div class="intake-over" aria-hidden="true"><p><Icon name="upload" /> {say("anywhere")}</p></div>}
      {camera && <Camera taken={(file) => void receive(() => [file])} close={() => setCamera(false)} />}
    </div>
  );
}
