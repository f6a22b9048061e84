// Detect in the camera's picture: a fake camera plays samples/video/cars.mp4.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import type { Door, Seen } from "./fakes.ts";
import { decode } from "./pixels.ts";
import { accessible } from "./views.ts";
import { setTimeout as passing } from "node:timers/promises";

const stage = (page: Page) => page.locator(".detect-stage");
const told = async (page: Page, name: string): Promise<number> => Number((await stage(page).getAttribute(`data-${name}`)) || 0);
const frames = (page: Page) => told(page, "frames");

/** How many requests were on their way at the worst moment. */
function together(all: Seen[]): number {
  const moments = all.flatMap((one): [number, number][] => [[one.begun, 1], [Number.isNaN(one.ended) ? Number.POSITIVE_INFINITY : one.ended, -1]]);
  let now = 0;
  return Math.max(0, ...moments.sort(([a, up], [b, down]) => a - b || up - down).map(([, change]) => (now += change)));
}

async function start(page: Page, door: Door): Promise<void> {
  await page.getByRole("button", { name: "Start the camera" }).click();
  await until(async () => (await frames(page)) >= 8, "eight frames are looked at");
  assert.ok(door.work("detect").length >= 8);
}

/** The scores of an answer; null where it was cut off. */
function boxes(answer: string): number[] | null {
  try {
    return (JSON.parse(answer) as { data: { boxes: { score: number }[] } }).data.boxes.map((one) => one.score);
  } catch {
    return null;
  }
}

// proves: O21, O17
test("camera: boxes live, at most two requests at a time, pause, play from now", { at: "/detect/camera" }, async ({ page, door }) => {
  await start(page, door);
  const all = door.work("detect");
  assert.ok(together(all) <= 2, `${together(all)} at once`);
  const frame = await decode(all[3]?.body ?? Buffer.alloc(0), "image/jpeg");
  assert.deepEqual([frame.width, frame.height], [640, 480]);
  assert.ok(all.every((one) => /no-store/.test(one.headers["cache-control"] ?? "")), "frames are not kept");
  const different = new Set(all.map((one) => one.body.toString("base64")));
  assert.ok(different.size > all.length / 4, "the frames are those of the moment");
  await until(async () => (await told(page, "fps")) > 0 && (await told(page, "latency")) > 0, "frames a second and latency are told");
  assert.ok((await told(page, "inflight")) <= 2);

  await page.getByRole("button", { name: "Pause" }).click();
  await until(() => door.work("detect").every((one) => !Number.isNaN(one.ended)), "nothing is on its way any more");
  const threshold = Number(await page.getByRole("slider", { name: "Lowest score" }).inputValue());
  // What was on its way when it was paused is dropped: the frame that stands is one of the last whose answer came whole.
  const whole = door.work("detect").map((one) => boxes(String(one.answer))).filter((one) => one !== null).slice(-3);
  const wanted = whole.map((scores) => String(scores.filter((score) => score >= threshold).length));
  await until(async () => wanted.includes((await page.locator(".detect-stage canvas[data-boxes]").getAttribute("data-boxes")) ?? ""), `the ${wanted.join(" or ")} boxes of the frame that stands`);
  const stood = door.work("detect").length;
  await accessible(page, "the camera, paused");
  assert.equal(door.work("detect").length, stood, "nothing is sent while it stands");
  const before = await frames(page);
  await page.getByRole("button", { name: "Play from now" }).click();
  await until(async () => (await frames(page)) > before + 3, "it goes on");

  await page.getByRole("combobox", { name: "Requests at a time" }).selectOption("1");
  await until(() => door.work("detect").filter((one) => Number.isNaN(one.ended)).length <= 1, "one at a time");
  const from = door.work("detect").length;
  await until(() => door.work("detect").length > from + 5, "five more");
  assert.ok(together(door.work("detect").slice(from)) <= 1);

  await page.getByRole("button", { name: "Stop", exact: true }).click();
  const tracks = await page.locator(".detect-stage video").evaluate((video: HTMLVideoElement) => video.srcObject);
  assert.equal(tracks, null, "the camera is given back");
});

// proves: O21, O23
test("camera: late answers are dropped, and a slow function gets no more than it can take", { at: "/detect/camera" }, async ({ page, door }) => {
  let count = 0;
  door.fault("detect", async (seen) => {
    if (seen.method === "POST" && (count += 1) % 3 === 0) await passing(900);
    return false;
  });
  await page.getByRole("button", { name: "Start the camera" }).click();
  await until(async () => (await told(page, "dropped")) >= 2, "late answers are dropped");
  assert.ok(together(door.work("detect")) <= 2);
  const answered = door.work("detect").filter((one) => one.status === 200 && !Number.isNaN(one.ended)).length;
  assert.ok((await frames(page)) < answered + 2, "a dropped answer is not counted as a frame");
  await page.getByRole("link", { name: "History" }).first().click();
  await until(() => door.work("detect").every((one) => !Number.isNaN(one.ended)), "a view that is left asks no more");
});
