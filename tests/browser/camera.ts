// `make camera-bench`: frames a second of the camera's picture from end to end, beside what the function alone does on this machine.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { visit } from "./visit.ts";
import { camera, ffmpeg } from "./camera-file.ts";
import { launching } from "./chromium.ts";
import { start } from "./emulator.ts";
import { browserProcesses, cpu, functionProcesses } from "./measure.ts";

const SECONDS = 20;
const QUERY = "?threshold=0.05&max_boxes=300";

/** One frame after the other over a kept connection, for that long; gives frames a second. */
async function alone(address: string, frames: Buffer[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (body: Buffer): Promise<void> => new Promise((resolve, reject) => {
    const headers = { "content-type": "image/jpeg", accept: "application/json", "cache-control": "no-store", "content-length": body.length };
    request(new URL(QUERY, address), { method: "POST", agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`detect: ${answer.statusCode}`));
      answer.resume().on("end", resolve);
    }).on("error", reject).end(body);
  });
  let count = 0;
  const begun = performance.now();
  while (performance.now() - begun < SECONDS * 1000) await ask(frames[count++ % frames.length] ?? Buffer.alloc(0));
  agent.destroy();
  return count / ((performance.now() - begun) / 1000);
}

/** The camera's frames as JPEG files, all of them different. */
async function film(): Promise<Buffer[]> {
  const folder = mkdtempSync(join(tmpdir(), "frames-"));
  execFileSync(ffmpeg, ["-v", "error", "-i", await camera(), "-vf", "fps=10", "-q:v", "5", join(folder, "%03d.jpg")]);
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}

const emulator = await start();
try {
  const address = emulator.functions["detect"] ?? "";
  const own = await alone(address, await film());
  const browser = await chromium.launch(await launching(`--use-file-for-fake-video-capture=${await camera()}`));
  const page = await (await visit(browser, {})).newPage();
  await page.goto(`${emulator.page}#/detect/camera`);
  await page.getByRole("button", { name: "Start the camera" }).click();
  const told = (name: string) => page.locator(".detect-stage").getAttribute(`data-${name}`).then(Number);
  while ((await told("frames")) < 10) await new Promise((resolve) => setTimeout(resolve, 100));
  const [frames, browserCpu, functionCpu, begun] = [await told("frames"), cpu(browserProcesses()), cpu(functionProcesses("detect")), performance.now()];
  const latencies: number[] = [];
  while (performance.now() - begun < SECONDS * 1000) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    latencies.push(await told("latency"));
  }
  const passed = (performance.now() - begun) / 1000;
  const whole = ((await told("frames")) - frames) / passed;
  const share = (before: number, now: number) => ((now - before) / passed / 2) * 100;
  const dropped = await told("dropped");
  console.log(`camera, 640x480, ${SECONDS} s: ${whole.toFixed(1)} frames/s from end to end, median latency ${latencies.toSorted((a, b) => a - b)[latencies.length >> 1]?.toFixed(0)} ms, ${dropped} dropped`);
  console.log(`detect alone, one frame after the other: ${own.toFixed(1)} frames/s; the page reaches ${((whole / own) * 100).toFixed(0)} % of it`);
  console.log(`of two cores: browser ${share(browserCpu, cpu(browserProcesses())).toFixed(0)} %, detect ${share(functionCpu, cpu(functionProcesses("detect"))).toFixed(0)} %`);
  await browser.close();
} finally {
  await emulator.stop();
}
