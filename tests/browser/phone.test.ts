// A phone: the whole tour by taps alone, without one event of a mouse but those that the browser makes from touch.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { answered, give, sample } from "./person.ts";
import { fits } from "./views.ts";

/**
 * Notes every press and click that is no finger's, and every press of a mouse that does not come from touch. Mere moves don't count: when the page
 * moves under it, the browser itself tells where a mouse would be.
 */
function watch(): void {
  const foreign: string[] = [];
  Object.assign(globalThis, { foreign });
  let touched = 0;
  for (const name of ["touchstart", "touchend"]) addEventListener(name, () => (touched = performance.now()), { capture: true, passive: true });
  for (const name of ["pointerdown", "pointerup", "click", "dblclick", "wheel"]) {
    addEventListener(name, (event) => {
      const type = event instanceof PointerEvent ? event.pointerType : "";
      // A click by the program itself (a download's link, a file dialog) has no pointer.
      if (type === "mouse" || (name !== "click" && type !== "touch")) foreign.push(`${name} by ${type || "nothing"}`);
    }, { capture: true, passive: true });
  }
  for (const name of ["mousedown", "mouseup"]) {
    addEventListener(name, () => performance.now() - touched > 1000 && foreign.push(name), { capture: true, passive: true });
  }
}

const tab = (page: Page, name: string) => page.getByRole("navigation", { name: "Views" }).getByRole("link", { name });

// proves: O22
test("phone: every view by taps alone", { phone: true, before: (context) => context.addInitScript(watch) }, async ({ page, door }) => {
  await page.getByRole("navigation", { name: "Functions" }).getByRole("link", { name: "Lowlight" }).tap();
  await page.getByRole("button", { name: "Rocket", exact: true }).tap();
  await page.getByRole("button", { name: "Brighten", exact: true }).tap();
  await answered(door, "lowlight");
  await page.getByRole("region", { name: "Result" }).waitFor();
  await fits(page, "a result on the phone");
  const box = (await page.locator(".compare-frame img").first().boundingBox())!;
  const split = page.locator(".compare");
  await page.locator(".compare-frame").scrollIntoViewIfNeeded();
  const now = (await page.locator(".compare-frame img").first().boundingBox())!;
  await page.touchscreen.tap(now.x + now.width * 0.75, now.y + now.height / 2);
  await until(async () => Math.abs(Number(await split.getAttribute("data-split")) - 75) <= 1, "the divider jumps to the finger");
  assert.ok(box.width <= 390);
  await page.getByRole("button", { name: "Zoom in" }).tap();

  await tab(page, "Styles").tap();
  await page.getByRole("link", { name: /Great Wave/ }).first().tap();
  const use = page.getByRole("button", { name: "Cat", exact: true });
  await use.tap();
  await page.getByRole("button", { name: "Generate" }).tap();
  await answered(door, "stylize");
  await page.getByRole("img", { name: "Painting", exact: true }).waitFor();

  await tab(page, "Classify").tap();
  await page.getByRole("heading", { name: "Classify", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Cat", exact: true }).tap();
  await page.getByRole("button", { name: "Classify", exact: true }).tap();
  await answered(door, "classify");
  await page.getByRole("list", { name: "Classes" }).waitFor();

  await tab(page, "Detect").tap();
  await page.getByRole("heading", { name: "Detect", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Buses" }).tap();
  await page.getByRole("button", { name: "Detect", exact: true }).tap();
  await answered(door, "detect");
  await page.locator("button.found").first().tap();
  await until(async () => (await page.locator("button.found").first().getAttribute("aria-pressed")) === "true", "a box is chosen");
  await page.getByRole("checkbox", { name: "Names and scores" }).tap();
  await page.getByRole("link", { name: "Camera" }).tap();
  await page.getByRole("button", { name: "Start the camera" }).tap();
  await until(async () => Number(await page.locator(".detect-stage").getAttribute("data-frames")) > 2, "the camera's frames are looked at");
  await page.getByRole("button", { name: "Pause" }).tap();
  await page.getByRole("link", { name: "Video" }).tap();
  door.pace("detect", 30);
  await page.getByRole("button", { name: "Cars from above" }).tap();
  await page.getByRole("button", { name: "Detect", exact: true }).tap();
  await page.getByText("Every frame is done.").waitFor();

  await tab(page, "History").tap();
  await page.getByRole("link", { name: /^Open / }).first().tap();
  await page.getByRole("link", { name: "All of the history" }).tap();
  for (const name of ["Status", "About"]) {
    await page.getByRole("link", { name }).first().tap();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await fits(page, `${name} on the phone`);
  }
  const foreign = await page.evaluate(() => (globalThis as unknown as { foreign: string[] }).foreign);
  assert.deepEqual(foreign, [], "touch alone");
});

test("phone: a batch of pictures from the phone's own pictures", { phone: true, at: "/enhance/lowlight" }, async ({ page, door }) => {
  await give(page, sample("cat_chelsea.jpg"), sample("food_coffee.jpg"));
  await page.getByRole("button", { name: "Brighten: 2 pictures" }).tap();
  await answered(door, "lowlight", 2);
  await fits(page, "a batch on the phone");
});
