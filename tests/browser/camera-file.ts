// The fake camera's film: samples/video/cars.mp4, cut to 640x480, as the browser takes it for a camera's picture.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { root } from "./chromium.ts";

const FPS = 30;

/** The film's path; made once. Uncompressed, as a camera gives it, so that reading it takes none of the machine's time. */
export async function camera(): Promise<string> {
  const folder = join(root, "out/browser");
  const film = join(folder, "camera.y4m");
  if (!existsSync(film)) {
    mkdirSync(folder, { recursive: true });
    const making = join(folder, `camera-${process.pid}.y4m`);
    const filter = `crop=576:432,scale=640:480,fps=${FPS},format=yuv420p`;
    execFileSync(ffmpeg, ["-v", "error", "-y", "-i", join(root, "samples/video/cars.mp4"), "-t", "3", "-vf", filter, "-f", "yuv4mpegpipe", making]);
    renameSync(making, film);
  }
  return film;
}

/** The pinned ffmpeg. */
export const ffmpeg = join(root, ".tools/ffmpeg");
