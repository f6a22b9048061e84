// `make batch-bench`: 100 pictures of about a megapixel through lowlight: the tab's memory, whether all are right, and how quickly it stops.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { chromium } from "playwright-core";
import { until, visit } from "./visit.ts";
import { ffmpeg } from "./camera-file.ts";
import { launching, root } from "./chromium.ts";
import { start } from "./emulator.ts";
import { browserProcesses } from "./measure.ts";
import { saved } from "./person.ts";

const COUNT = 100;
const MB = 1e6;

/** A hundred different frames of samples/video/people.mp4, 1280x720. */
function pictures(): string[] {
  const folder = mkdtempSync(join(tmpdir(), "batch-"));
  execFileSync(ffmpeg, ["-v", "error", "-i", join(root, "samples/video/people.mp4"), "-frames:v", String(COUNT), "-vf", "scale=1280:720,eq=brightness=-0.3", "-q:v", "4", join(folder, "%03d.jpg")]);
  return readdirSync(folder).sort().map((name) => join(folder, name));
}

const emulator = await start();
try {
  const files = pictures();
  const browser = await chromium.launch(await launching());
  const context = await visit(browser, {});
  const page = await context.newPage();
  await page.goto(`${emulator.page}#/enhance/lowlight`);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable");
  const done = () => page.locator("main li[data-stage=done]").count();
  const memory = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const heap = metrics.find((one) => one.name === "JSHeapUsedSize")?.value ?? 0;
    const resident = Math.max(...browserProcesses().filter((one) => one.command.includes("--type=renderer")).map((one) => one.memory));
    return `heap ${(heap / MB).toFixed(1)} MB, renderer ${(resident / MB).toFixed(0)} MB`;
  };
  await page.locator("main input[type=file]:not([capture])").first().setInputFiles(files);
  const button = page.getByRole("button", { name: /^Brighten: \d+ picture/ });
  await button.waitFor();
  console.log(`before: ${await memory()}`);
  const begun = performance.now();
  await button.click();
  for (const step of [10, 50, COUNT]) {
    await until(async () => (await done()) >= step, `${step} pictures are done`, 600_000);
    console.log(`after ${step}: ${await memory()}, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
  const { bytes } = await saved(page, () => page.getByRole("button", { name: "Download all (zip)" }).click());
  const answers = unzipSync(bytes);
  let right = 0;
  for (const file of files) {
    const answer = await fetch(emulator.functions["lowlight"] ?? "", {
      method: "POST", headers: { "content-type": "image/jpeg", accept: "image/*", "cache-control": "no-store" }, body: readFileSync(file),
    });
    const own = Buffer.from(await answer.arrayBuffer());
    if (Object.entries(answers).some(([name, data]) => name.startsWith(file.slice(-7, -4)) && own.equals(data))) right += 1;
  }
  console.log(`${right} of ${COUNT} answers in the zip are the function's own; after the zip: ${await memory()}`);

  await page.getByRole("button", { name: "Close these pictures" }).click();
  await page.locator("main input[type=file]:not([capture])").first().setInputFiles(files);
  await button.click();
  await until(async () => (await done()) >= 5, "five are done");
  const pressed = performance.now();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await until(async () => (await page.locator("main li[data-stage=going]").count()) === 0, "nothing is on its way");
  console.log(`stopped within ${(performance.now() - pressed).toFixed(0)} ms, ${await done()} of ${COUNT} done`);
  await browser.close();
  if (right !== COUNT) process.exitCode = 1;
} finally {
  await emulator.stop();
}
