// Before and after: the divider by keys and press, zoom and pan tied pixel by pixel.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import type { Door } from "./fakes.ts";
import { answered, give } from "./person.ts";
import { at, decode, drawn, seen, type Pixels } from "./pixels.ts";

const compare = (page: Page) => page.locator(".compare");
const frame = (page: Page) => page.locator(".compare-frame");
const divider = (page: Page) => page.getByRole("slider", { name: /Divider/ });
const split = async (page: Page) => Number(await compare(page).getAttribute("data-split"));
const zoom = async (page: Page) => Number(await compare(page).getAttribute("data-zoom"));
const show = (page: Page, side: string) => page.getByRole("group", { name: "Show" }).getByRole("button", { name: side, exact: true }).click();

/** Has a picture of noise enlarged; gives the answer's pixels. */
async function enlarge(page: Page, door: Door): Promise<Pixels> {
  await give(page, { name: "noise.png", mimeType: "image/png", buffer: await drawn(300, 220, "image/png", true) });
  await page.getByRole("button", { name: "Enlarge", exact: true }).click();
  const { answer, answerHeaders } = await answered(door, "upscale");
  await page.locator(".compare[data-ready=both]").waitFor();
  await page.mouse.move(0, 0);
  return decode(answer, String(answerHeaders["content-type"]));
}

/** Where the two pictures lie on the screen. */
async function places(page: Page): Promise<[DOMRect, DOMRect]> {
  const [before, after] = await frame(page).locator("img").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON() as DOMRect));
  assert.ok(before && after);
  return [before, after];
}

test("compare: the divider is moved by keys, by a press and by buttons, and each half shows its own picture", { at: "/enhance/upscale" }, async ({ page, door }) => {
  await enlarge(page, door);
  await divider(page).focus();
  for (const [key, wanted] of [["ArrowRight", 51], ["ArrowLeft", 50], ["Home", 0], ["End", 100]] as const) {
    await page.keyboard.press(key);
    await until(async () => (await split(page)) === wanted, `${key} moves it to ${wanted}`);
  }
  const before = await seen(frame(page));
  await show(page, "After");
  assert.equal(await split(page), 0);
  const after = await seen(frame(page));
  const [box] = await places(page);
  const area = (await frame(page).boundingBox())!;
  await page.mouse.click(box.x + box.width * 0.25, box.y + box.height * 0.5);
  assert.equal(await split(page), 25);
  await page.mouse.move(0, 0);
  const both = await seen(frame(page));
  // Left of the line the one, right of it the other; the line, its grip and the labels are left out.
  const line = box.x - area.x + box.width * 0.25;
  let [differ, compared] = [0, 0];
  for (let y = 60; y < both.height - 4; y += 3) {
    for (let x = 4; x < both.width - 4; x += 3) {
      if (Math.abs(x - line) < 40) continue;
      const [is, should] = [at(both, x, y), at(x < line ? before : after, x, y)];
      compared += 1;
      if (is.some((level, part) => Math.abs(level - (should[part] ?? 0)) > 24)) differ += 1;
    }
  }
  assert.ok(compared > 10_000 && differ / compared < 0.005, `${differ} of ${compared} pixels differ`);
  const [one, other] = await places(page);
  await show(page, "Both");
  assert.equal(await split(page), 50);
  assert.deepEqual(one, other, "both lie at one place");
});

test("compare: at 1:1 a pixel of the answer is a pixel of the screen; zoom and pan move both alike", { at: "/enhance/upscale", width: 900, height: 700 }, async ({ page, door }) => {
  const answer = await enlarge(page, door);
  await show(page, "After");
  await page.getByRole("button", { name: "1:1, a pixel for a pixel" }).click();
  await until(async () => (await zoom(page)) === 1, "100 %");
  const [before, after] = await places(page);
  assert.deepEqual(before, after);
  assert.deepEqual([after.width, after.height], [answer.width, answer.height]);
  const area = (await frame(page).boundingBox())!;
  const screen = await seen(frame(page));
  // The frame need not begin at a whole pixel of the screen: up to one pixel is the screenshot's rounding.
  const [left, top] = [Math.round(after.x - area.x), Math.round(after.y - area.y)];
  const wrong = (dx: number, dy: number): number => {
    let differ = 0;
    for (let step = 0; step < 2000; step += 1) {
      const [x, y] = [Math.round(screen.width * (0.25 + 0.5 * ((step * 37) % 200) / 200)), Math.round(screen.height * (0.3 + 0.4 * ((step * 91) % 200) / 200))];
      const [is, should] = [at(screen, x, y), at(answer, x - left + dx, y - top + dy)];
      if (is.some((level, part) => Math.abs(level - (should[part] ?? 0)) > 6)) differ += 1;
    }
    return differ;
  };
  const best = Math.min(...[-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => wrong(dx, dy))));
  assert.ok(best < 20, `${best} of 2000 pixels are not those of the answer`);

  await page.getByRole("button", { name: "Move right" }).click();
  const [movedBefore, movedAfter] = await places(page);
  assert.ok(movedAfter.x < after.x, "what lies further right came into the frame");
  assert.deepEqual(movedBefore, movedAfter);
  await frame(page).focus();
  await page.keyboard.press("ArrowLeft");
  await until(async () => (await places(page))[1].x > movedAfter.x, "the arrow key moves it back");
  await page.keyboard.press("+");
  await until(async () => (await zoom(page)) === 1.5, "150 %");
  await page.keyboard.press("+");
  await until(async () => (await zoom(page)) === 2, "200 %");
  assert.deepEqual(...(await places(page)));
  assert.equal(await frame(page).locator("img").last().evaluate((image) => getComputedStyle(image).imageRendering), "pixelated");
  await frame(page).scrollIntoViewIfNeeded();
  const now = (await frame(page).boundingBox())!;
  const middle = { x: now.x + now.width / 2, y: now.y + now.height / 2 };
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.wheel(0, -300);
  await until(async () => (await zoom(page)) > 2.2, "the wheel zooms");
  const [, held] = await places(page);
  await page.mouse.down();
  await page.mouse.move(middle.x - 50, middle.y - 20, { steps: 4 });
  await page.mouse.up();
  const [pulled, also] = await places(page);
  assert.ok(Math.abs(also.x - held.x + 50) <= 6 && Math.abs(also.y - held.y + 20) <= 6, "dragging moves it as far as the hand");
  assert.deepEqual(pulled, also);
  await page.keyboard.press("0");
  await page.getByRole("button", { name: "Fit: the whole picture" }).click();
  const [whole] = await places(page);
  assert.ok(whole.width <= area.width + 1 && whole.height <= area.height + 1);
});
