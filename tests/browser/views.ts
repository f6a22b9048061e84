// The places of the page, and what holds in each of them: nothing to find for axe, nothing wider than the window.

import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { until } from "./visit.ts";

/** Every view, and every tab of one that has some. */
export const VIEWS = [
  "/enhance/lowlight", "/enhance/upscale", "/styles", "/classify", "/detect/picture", "/detect/video", "/detect/camera", "/history", "/status", "/about",
];

/** Goes to a place as a link would, and waits until it stands there. */
export async function go(page: Page, place: string): Promise<void> {
  // The view of before is gone once the page has been drawn anew.
  await page.evaluate(async (hash) => {
    location.hash = hash;
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  }, place);
  await settled(page);
}

/** Waits until the view is there and nothing is being fetched for it any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator("main .view").first().waitFor();
  await until(async () => (await page.locator("main progress").count()) === 0, "nothing is under way in the view");
}

/** Nothing at all that axe finds, whatever its weight. */
export async function accessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const told = violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${help}\n  ${target.join(" ")}\n  ${failureSummary}`));
  assert.equal(told.join("\n"), "", where);
}

/** Nothing reaches over the window's edge. */
export async function fits(page: Page, where: string): Promise<void> {
  const over = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return "";
    const widest = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > clientWidth + 1).slice(0, 5);
    return `${scrollWidth} px in a window of ${clientWidth}: ${widest.map((one) => `${one.tagName}.${one.className}`).join(", ")}`;
  });
  assert.equal(over, "", where);
}
