// The device's camera: opened, switched, closed; and why it can't be.

import { words } from "../../lib/words.ts";

export type Facing = "environment" | "user";

const say = words(
  {
    insecure: "A browser gives the camera only to pages opened by https:// or on this same computer (localhost). Open the page by such an address.",
    refused: "The camera was not allowed. Allow it for this page in the browser (beside the address), then try again.",
    none: "No camera was found on this device.",
    taken: "The camera can't be opened. Another program may be using it: close that, then try again.",
  },
  {
    insecure: "浏览器只向 https:// 或本机（localhost）打开的页面提供摄像头。请用这样的地址打开本页。",
    refused: "未获准使用摄像头。请在浏览器地址栏旁允许本页使用，然后重试。",
    none: "此设备上没有找到摄像头。",
    taken: "无法打开摄像头，可能正被其他程序使用。请关闭那个程序后重试。",
  },
);

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };

/** Opens a camera, by its side or by its id. Fails with a sentence. */
export async function open(which: { facing: Facing } | { id: string }): Promise<MediaStream> {
  if (!isSecureContext || !("mediaDevices" in navigator)) throw new Error(say("insecure"));
  const one = "id" in which ? { deviceId: { exact: which.id } } : { facingMode: { ideal: which.facing } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...SIZE, ...one }, audio: false });
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new Error(say("refused"));
    throw new Error(say(name === "NotFoundError" || name === "OverconstrainedError" ? "none" : "taken"));
  }
}

/** The ids of all cameras; known once one was allowed. */
export async function cameras(): Promise<string[]> {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId).map(({ deviceId }) => deviceId);
}

/** The id of the camera that a stream comes from. */
export function cameraOf(stream: MediaStream): string | undefined {
  return stream.getVideoTracks()[0]?.getSettings().deviceId;
}

/** Gives the camera back. */
export function close(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** The other side of the device; where there are no sides, the next camera. The one that was open is closed first: phones open one at a time. */
export async function other(stream: MediaStream, facing: Facing): Promise<MediaStream> {
  const before = cameraOf(stream);
  close(stream);
  const opened = await open({ facing });
  if (cameraOf(opened) !== before) return opened;
  const all = await cameras();
  const next = all[(all.indexOf(before ?? "") + 1) % all.length];
  if (!next || next === before) return opened;
  close(opened);
  return open({ id: next });
}
