// Taking a picture with the device's camera: a preview, "Take", the other camera.

import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "../../lib/words.ts";
import { Busy } from "../busy.tsx";
import { Icon } from "../icon.tsx";
import { Notice } from "../notice.tsx";

const say = words(
  {
    title: "Take a picture", take: "Take", other: "Other camera", close: "Close", starting: "Starting the camera", again: "Try again",
    refused: "The browser did not allow the camera. Allow it in the address bar, then try again.", none: "No camera was found.",
    taken: "Another program uses the camera.", failed: "The camera could not be started.", noPicture: "The camera gave no picture. Try again.",
  },
  {
    title: "拍照", take: "拍摄", other: "切换摄像头", close: "关闭", starting: "正在启动摄像头", again: "重试",
    refused: "浏览器不允许使用摄像头。请在地址栏中允许，然后重试。", none: "没有找到摄像头。",
    taken: "摄像头正被其他程序使用。", failed: "无法启动摄像头。", noPicture: "摄像头没有给出画面。请重试。",
  },
);

/** Whether the page may ask for a camera: only at a secure address. */
export function hasCamera(): boolean {
  return typeof navigator.mediaDevices?.getUserMedia === "function";
}

function sentence(cause: unknown): string {
  switch (cause instanceof DOMException ? cause.name : "") {
    case "NotAllowedError": case "SecurityError": return say("refused");
    case "NotFoundError": case "OverconstrainedError": return say("none");
    case "NotReadableError": case "AbortError": return say("taken");
    default: return say("failed");
  }
}

type Facing = "environment" | "user";

/** The dialog; it is open while it is drawn. `taken` gives the picture, after which it closes. */
export function Camera({ taken, close }: { taken: (file: File) => void; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [facing, face] = useState<Facing>("environment");
  const [attempt, tryAgain] = useState(0);
  const [state, setState] = useState<"starting" | "live" | "taking">("starting");
  const [problem, setProblem] = useState<string | null>(null);
  const [several, setSeveral] = useState(false);

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  useEffect(() => {
    let current = true;
    let stream: MediaStream | null = null;
    const stop = () => stream?.getTracks().forEach((track) => track.stop());
    const start = async () => {
      setState("starting");
      setProblem(null);
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1440 } } });
        if (!current) return stop();
        const devices = await navigator.mediaDevices.enumerateDevices();
        const shown = video.current;
        if (!current || !shown) return stop();
        setSeveral(devices.filter((one) => one.kind === "videoinput").length > 1);
        shown.srcObject = stream;
        await shown.play();
        if (current) setState("live");
      } catch (cause) {
        stop();
        if (current) setProblem(sentence(cause));
      }
    };
    void start();
    return () => {
      current = false;
      stop();
    };
  }, [facing, attempt]);

  const take = async () => {
    const shown = video.current;
    if (!shown?.videoWidth) return setProblem(say("noPicture"));
    setState("taking");
    const canvas = new OffscreenCanvas(shown.videoWidth, shown.videoHeight);
    canvas.getContext("2d")?.drawImage(shown, 0, 0);
    const body = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }).catch(() => null);
    if (!body) return setProblem(say("noPicture"));
    const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
    // Closed first: the focus goes back to where it was.
    dialog.current?.close();
    taken(new File([body], `camera-${time}.jpg`, { type: body.type }));
  };

  return (
    <dialog ref={dialog} class="camera" aria-label={say("title")} onClose={close}>
      <div class="camera-picture">
        <video ref={video} class={facing === "user" ? "mirrored" : undefined} muted playsInline aria-hidden="true" hidden={problem !== null} />
        {problem !== null ? (
          <Notice problem={problem}><button type="button" onClick={() => tryAgain(attempt + 1)}>{say("again")}</button></Notice>
        ) : state === "starting" && <Busy text={say("starting")} />}
      </div>
      <div class="camera-tools">
        <button type="button" onClick={() => dialog.current?.close()}>{say("close")}</button>
        <button type="button" class="primary" disabled={state !== "live" || problem !== null} onClick={() => void take()}>
          <Icon name="camera" /> {say("take")}
        </button>
        {several && (
          <button type="button" onClick={() => face(facing === "user" ? "environment" : "user")}><Icon name="switch" /> {say("other")}</button>
        )}
      </div>
    </dialog>
  );
}
