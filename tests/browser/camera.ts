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
import { doors, start, type Emulator } from "./emulator.ts";
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

/** The page's camera for that long, and what the processes of browser and function took of the machine meanwhile. */
async function measure(how: string, { page: address, functions }: Emulator): Promise<void> {
  const own = await alone(functions["detect"] ?? "", await film());
  const browser = await chromium.launch(await launching(`--use-file-for-fake-video-capture=${await camera()}`));
  const page = await (await visit(browser, {})).newPage();
  await page.goto(`${address}#/detect/camera`);
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
  const share = (before: number, now: number) => (((now - before) / passed / 2) * 100).toFixed(0);
  const latency = latencies.toSorted((a, b) => a - b)[latencies.length >> 1]?.toFixed(0);
  console.log(`\n${how}: 640x480, ${SECONDS} s, at most two requests at a time`);
  console.log(`  camera from end to end: ${whole.toFixed(1)} frames/s, median latency ${latency} ms, ${await told("dropped")} dropped`);
  console.log(`  detect alone, one frame after the other over a kept connection: ${own.toFixed(1)} frames/s`);
  console.log(`  of two cores: browser ${share(browserCpu, cpu(browserProcesses()))} %, detect ${share(functionCpu, cpu(functionProcesses("detect")))} %`);
  await browser.close();
}

for (const [how, open] of [["by the functions' own HTTP doors", () => doors("detect")], ["in the Lambda emulator", start]] as const) {
  const running = await open();
  try {
    await measure(how, running);
  } finally {
    await running.stop();
  }
}
