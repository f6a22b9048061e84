// Detect in one picture: the boxes drawn are the function's, filters work at once and without a new request.

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { again, answered, give, sample, saved } from "./person.ts";
import { at, decode, difference, shown, type Pixels } from "./pixels.ts";
import { accessible } from "./views.ts";

interface Box {
  box: [number, number, number, number];
  class_id: number;
  name: string;
  score: number;
}

interface Found {
  width: number;
  height: number;
  boxes: Box[];
}

const stage = (page: Page): Locator => page.locator(".detect-stage canvas[data-boxes]");
const entries = (page: Page): Locator => page.locator("button.found");

/** Chooses a picture and presses Detect; gives what the function itself tells. */
async function detect(page: Page, door: Parameters<typeof answered>[0]): Promise<Found> {
  await give(page, sample("street_buses.jpg"));
  await page.getByRole("button", { name: "Detect", exact: true }).click();
  const seen = await answered(door, "detect");
  const { data } = JSON.parse(String(seen.answer)) as { data: Found };
  assert.ok(data.boxes.length > 3, "there is something in it");
  return data;
}

/** Whether there is that colour within two pixels of a place. */
function near(picture: Pixels, x: number, y: number, colour: number[]): boolean {
  for (let dy = -2; dy <= 2; dy += 1) {
    for (let dx = -2; dx <= 2; dx += 1) {
      if (at(picture, Math.min(picture.width - 1, Math.max(0, x + dx)), Math.min(picture.height - 1, Math.max(0, y + dy))).every((level, part) => Math.abs(level - (colour[part] ?? 0)) < 12)) return true;
    }
  }
  return false;
}

/** How many pixels of the overlay are drawn on at all. */
const covered = ({ data }: Pixels): number => data.reduce((sum, level, index) => sum + (index % 4 === 3 && level > 0 ? 1 : 0), 0);

const count = (page: Page, wanted: number): Promise<unknown> =>
  until(async () => (await stage(page).getAttribute("data-boxes")) === String(wanted), `${wanted} boxes drawn`);

// proves: O12
test("detect: the overlay's edges lie where the function says, in the class's colour", { at: "/detect/picture" }, async ({ page, door }) => {
  const found = await detect(page, door);
  const wanted = found.boxes.filter((one) => one.score >= 0.3);
  await count(page, wanted.length);
  await page.getByRole("checkbox", { name: "Names and scores" }).uncheck();
  await page.mouse.move(0, 0);
  const colours = new Map(await entries(page).evaluateAll((all) => all.map((one): [string, number[]] => [
    one.querySelector(".found-name")?.textContent ?? "",
    getComputedStyle(one.querySelector(".swatch")!).backgroundColor.match(/\d+/g)!.map(Number),
  ])));
  await until(async () => covered(await shown(stage(page))) > 0, "boxes are drawn");
  const overlay = await shown(stage(page));
  const [across, down] = [overlay.width / found.width, overlay.height / found.height];
  for (const { box: [left, top, right, bottom], name, score } of wanted) {
    const colour = colours.get(name);
    assert.ok(colour, `${name} stands in the list`);
    const [x, y] = [((left + right) / 2) * across, ((top + bottom) / 2) * down];
    const edges: [number, number][] = [[left * across, y], [right * across, y], [x, top * down], [x, bottom * down]];
    const hits = edges.filter(([ex, ey]) => near(overlay, ex, ey, colour)).length;
    assert.ok(hits >= 3, `${name} ${score}: ${hits} of 4 edges are where they should be`);
  }
});

// proves: O12, O14
test("detect: threshold, names and classes change what is shown, at once and without a new request", { at: "/detect/picture" }, async ({ page, door }) => {
  const found = await detect(page, door);
  await count(page, found.boxes.filter((one) => one.score >= 0.3).length);
  const named = covered(await until(async () => { const now = await shown(stage(page)); return covered(now) > 0 ? now : null; }, "boxes are drawn"));
  await page.getByRole("checkbox", { name: "Names and scores" }).uncheck();
  await until(async () => covered(await shown(stage(page))) < named - 50, "the names are gone from the picture");
  await page.getByRole("checkbox", { name: "Names and scores" }).check();
  for (const threshold of [0.05, 0.5, 0.3]) {
    await page.getByRole("slider", { name: "Lowest score" }).fill(String(threshold));
    await count(page, found.boxes.filter((one) => one.score >= threshold).length);
  }
  const shownNow = found.boxes.filter((one) => one.score >= 0.3);
  const first = shownNow[0]?.name ?? "";
  const chip = page.getByRole("group", { name: "Classes" }).getByRole("button", { name: new RegExp(`^${first}\\b`) });
  await chip.click();
  await count(page, shownNow.filter((one) => one.name !== first).length);
  await chip.click();
  await count(page, shownNow.length);
  assert.equal(door.work("detect").length, 1, "asked once");
  await accessible(page, "detected");
});

test("detect: list and boxes light each other up", { at: "/detect/picture" }, async ({ page, door }) => {
  const found = await detect(page, door);
  const wanted = found.boxes.filter((one) => one.score >= 0.3);
  await count(page, wanted.length);
  await until(async () => (await entries(page).count()) === wanted.length, "the list is whole");
  const plain = await shown(stage(page));
  await entries(page).first().hover();
  await until(async () => difference(plain, await shown(stage(page))) > 60, "the box stands out");
  const best = wanted[0]!;
  const area = (await stage(page).boundingBox())!;
  // The smallest box around the point is meant: take a point that lies in one box alone.
  const point = ((): [number, number] => {
    const [left, top, right, bottom] = best.box;
    for (let step = 1; step < 20; step += 1) {
      const [x, y] = [left + ((right - left) * step) / 20, top + ((bottom - top) * step) / 20];
      if (wanted.every((one) => one === best || x < one.box[0] || x > one.box[2] || y < one.box[1] || y > one.box[3])) return [x, y];
    }
    throw new Error("no point of the best box lies outside of the others");
  })();
  await page.mouse.click(area.x + (point[0] / found.width) * area.width, area.y + (point[1] / found.height) * area.height);
  await until(async () => (await entries(page).first().getAttribute("aria-pressed")) === "true", "its line in the list is chosen");
});

test("detect: the saved picture is the function's own drawing, with the page's filters", { at: "/detect/picture" }, async ({ page, door, emulator }) => {
  await detect(page, door);
  await page.getByRole("slider", { name: "Lowest score" }).fill("0.5");
  await page.getByRole("checkbox", { name: "Names and scores" }).uncheck();
  const file = await saved(page, () => page.getByRole("button", { name: "Download with boxes" }).click());
  const seen = await answered(door, "detect", 2);
  assert.equal(seen.query.get("threshold"), "0.5");
  assert.equal(seen.query.get("names"), "false");
  assert.ok(file.bytes.equals(await again(emulator, seen)));
  assert.ok(difference(await decode(file.bytes, "image/jpeg"), await decode(sample("street_buses.jpg").buffer, "image/jpeg")) > 60);
});
