// Detect in a video: boxes frame by frame while the function goes on, pause and play on, the AVI once every frame is done.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { ffmpeg } from "./camera-file.ts";
import { answered, give, sample, saved, waits } from "./person.ts";
import { accessible } from "./views.ts";

const FRAMES = 75;

interface Line {
  index?: number;
  boxes?: { score: number }[];
  frames?: number;
}

const stage = (page: Page) => page.locator(".detect-stage canvas[data-boxes]");
const transport = (page: Page) => page.locator(".detect-transport");
const done = async (page: Page) => Number((await page.locator("[data-number=frames]").textContent())?.match(/\d+/)?.[0] ?? 0);
const index = async (page: Page) => Number((await transport(page).getAttribute("data-index")) || -1);
const save = (page: Page) => page.getByRole("button", { name: "Save as AVI" });
const lines = (text: string): Line[] => text.trim().split("\n").map((line) => JSON.parse(line) as Line);

/** Chooses the cars and presses Detect. */
async function detect(page: Page): Promise<void> {
  await give(page, sample("video/cars.mp4"));
  await page.getByRole("button", { name: "Detect", exact: true }).click();
}

// proves: O15, O16, O17, O18, O19, O20
test("video: upload with progress, boxes live, frames a second, pause, play on, and the AVI when all is done", { at: "/detect/video" }, async ({ page, door }) => {
  // A frame every 60 ms, as on a machine where it takes longer.
  door.pace("detect", 60);
  const told = await waits(page);
  await detect(page);
  await until(async () => (await done(page)) > 3, "the first frames are done");
  assert.ok(await save(page).isDisabled(), "nothing to save before every frame is done");
  assert.equal(door.work("detect").at(-1)?.answer.length, 0, "the function still goes on");
  await until(async () => (await index(page)) > 1, "the frames are played while the function goes on");
  assert.ok((await index(page)) <= (await done(page)), "no further than what is done");

  await page.getByRole("button", { name: "Pause" }).click();
  await until(async () => (await transport(page).getAttribute("data-state")) === "paused", "it stands");
  const stood = await index(page);
  const before = await done(page);
  await until(async () => (await done(page)) > Math.min(before + 5, FRAMES - 1), "the function goes on meanwhile");
  assert.equal(await index(page), stood, "the frame stands");
  await page.getByRole("button", { name: "Play" }).click();
  await until(async () => (await index(page)) > stood, "it plays on from there");

  await page.getByText("Every frame is done.").waitFor();
  const seen = await answered(door, "detect");
  const told75 = lines(String(seen.answer)).filter((one) => one.boxes);
  assert.equal(told75.length, FRAMES);
  assert.equal(await done(page), FRAMES);
  const fps = Number(await page.locator("[data-number=fps]").textContent());
  assert.ok(fps > 0.5 && fps < 1000, `${fps} frames a second`);
  const put = door.seen.find((one) => one.method === "PUT");
  assert.ok(put?.body.equals(sample("video/cars.mp4").buffer), "the video went by upload");
  const texts = await told();
  assert.ok(texts.some((text) => /^Sending \d+ %/.test(text)), texts.join("; "));

  await page.getByRole("slider", { name: "Place in the video" }).fill("3");
  await until(async () => (await transport(page).getAttribute("data-state")) === "paused" || (await index(page)) > 20, "another place");
  if ((await transport(page).getAttribute("data-state")) !== "paused") await page.getByRole("button", { name: "Pause" }).click();
  const threshold = Number(await page.getByRole("slider", { name: "Lowest score" }).inputValue());
  await until(async () => {
    const at = await index(page);
    const wanted = told75.find((one) => one.index === at)?.boxes?.filter((one) => one.score >= threshold).length;
    return (await stage(page).getAttribute("data-boxes")) === String(wanted);
  }, "the boxes are those of the frame that is shown");
  await accessible(page, "a video");

  assert.ok(await save(page).isEnabled());
  const file = await saved(page, () => save(page).click());
  assert.match(file.name, /\.avi$/);
  const path = join(mkdtempSync(join(tmpdir(), "avi-")), "cars.avi");
  writeFileSync(path, file.bytes);
  const { stderr } = await promisify(execFile)(ffmpeg, ["-i", path, "-map", "0:v", "-f", "null", "-"]);
  assert.equal(Number(stderr.match(/frame=\s*(\d+)(?![\s\S]*frame=)/)?.[1]), FRAMES, "as many frames as were detected");
  assert.match(stderr, /768x432/);
});

// proves: O16
test("video: a connection that dies in the middle leaves what is done, with a way on", { at: "/detect/video", expects: [/ERR_|Failed to load/] }, async ({ page, door }) => {
  door.dying("detect", 3000);
  await detect(page);
  await page.getByRole("alert").getByText(/connection broke/).waitFor();
  const left = await done(page);
  assert.ok(left > 2 && left < FRAMES, `${left} frames`);
  assert.ok(await save(page).isDisabled());
  await page.getByRole("slider", { name: "Place in the video" }).fill("0");
  assert.ok(await page.getByRole("button", { name: /^(Play|Pause)$/ }).isEnabled());
  door.reset();
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await page.getByText("Every frame is done.").waitFor();
  assert.equal(await done(page), FRAMES);
});

test("video: a function without a store gets the video itself", { at: "/detect/video", before: (_, door) => door.telling("detect", (told) => ({ ...told, store: null })) }, async ({ page, door }) => {
  door.pace("detect", 100);
  await detect(page);
  await until(async () => (await done(page)) > 3, "frames are done");
  const [seen] = door.work("detect");
  assert.equal(seen?.query.has("upload"), false);
  assert.equal(seen?.headers["content-type"], "video/mp4");
  assert.equal(door.seen.filter((one) => one.route.startsWith("uploads")).length, 0);
  await page.getByRole("button", { name: "Stop" }).click();
  await until(() => seen?.left, "the page hung up");
});
