// The keyboard alone: what a person does with Tab, Enter, Space and arrows; the focus is always seen.

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { answered, give, sample } from "./person.ts";

/** Presses Tab until that element has the focus; each stop on the way is seen to have it. */
async function tabTo(page: Page, element: Locator, most = 80): Promise<void> {
  await element.waitFor();
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press("Tab");
    const unseen = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return "";
      const shown = [focused, focused.closest("label, li, .compare-frame, .field")].some((one) => {
        if (!one) return false;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
        return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none";
      });
      return shown ? "" : focused.outerHTML.slice(0, 120);
    });
    assert.equal(unseen, "", "the focus can't be seen here");
    if (await element.evaluate((node) => node === document.activeElement)) return;
  }
  throw new Error(`Tab does not reach ${element}`);
}

// proves: B11
test("keyboard: a picture is brightened, compared, zoomed and saved without a mouse", { at: "/enhance/lowlight" }, async ({ page, door }) => {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main", "the first stop leads past the head");
  await tabTo(page, page.getByRole("button", { name: "Rocket", exact: true }));
  await page.keyboard.press("Enter");
  await page.locator(".compare").waitFor();
  await tabTo(page, page.getByRole("button", { name: "Brighten", exact: true }));
  await page.keyboard.press("Enter");
  await answered(door, "lowlight");
  await page.locator(".compare[data-ready=both]").waitFor();
  assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), "BODY", "the focus is not lost");
  await tabTo(page, page.getByRole("slider", { name: /Divider/ }));
  await page.keyboard.press("Home");
  await until(async () => (await page.locator(".compare").getAttribute("data-split")) === "0", "the divider is at its end");
  await page.keyboard.press("+");
  await until(async () => (await page.getByRole("button", { name: /^Fit/ }).getAttribute("aria-pressed")) === "false", "zoomed");
  const download = page.getByRole("region", { name: "Result" }).getByRole("button", { name: "Download" });
  await tabTo(page, download);
  const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.match(file.suggestedFilename(), /^night_rocket-lowlight/);
  await tabTo(page, page.getByRole("region", { name: "Result" }).getByRole("button", { name: "Poster" }));
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.ok(await page.evaluate(() => document.activeElement?.closest("dialog") !== null), "the focus goes into the dialog");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match((await page.evaluate(() => document.activeElement?.textContent)) ?? "", /Poster/, "and back to where it was");
});

// proves: B11
test("keyboard: boxes are walked through, a style is mixed, a thing of the history is opened", { at: "/detect/picture" }, async ({ page, door }) => {
  await give(page, sample("street_buses.jpg"));
  await tabTo(page, page.getByRole("button", { name: "Detect", exact: true }));
  await page.keyboard.press("Enter");
  await answered(door, "detect");
  await tabTo(page, page.getByRole("slider", { name: "Lowest score" }));
  const before = await page.locator(".detect-stage canvas[data-boxes]").getAttribute("data-boxes");
  await page.keyboard.press("Home");
  await until(async () => (await page.locator(".detect-stage canvas[data-boxes]").getAttribute("data-boxes")) !== before, "more boxes");
  await tabTo(page, page.locator("button.found").first());
  await page.keyboard.press("Space");
  await until(async () => (await page.locator("button.found").first().getAttribute("aria-pressed")) === "true", "a box is chosen");

  await page.getByRole("link", { name: "Styles" }).first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Styles", level: 1 }).waitFor();
  await tabTo(page, page.getByRole("link", { name: /Starry Night/ }).first());
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: /Mix with|Mix in/ }).first());
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("slider", { name: "Mix" }));
  await page.keyboard.press("ArrowRight");
  await until(async () => (await page.getByRole("slider", { name: "Mix" }).inputValue()) === "51", "the mix moves");

  await page.getByRole("link", { name: "History" }).first().focus();
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("link", { name: /^Open street_buses/ }));
  await page.keyboard.press("Enter");
  await page.getByRole("list", { name: "What was found" }).waitFor();
});
