// The history on the device: kept, opened again, compared, deleted; it survives a reload and makes room where there is little.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import type { Door } from "./fakes.ts";
import { answered, give, sample } from "./person.ts";
import { decode, difference, drawn, shown } from "./pixels.ts";
import { accessible, go } from "./views.ts";

const things = (page: Page) => page.getByRole("link", { name: /^Open / });

/** Has a picture brightened; `count`: how many are answered then. */
async function brighten(page: Page, door: Door, name: string, buffer: Buffer, count = 1): Promise<void> {
  await give(page, { name, mimeType: "image/jpeg", buffer });
  await page.getByRole("img", { name: "After" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await answered(door, "lowlight", count);
  await page.getByRole("region", { name: "Result" }).waitFor();
}

// proves: S11, B11
test("history: a result is kept, survives a reload, opens again with its settings, and can be deleted", { at: "/enhance/lowlight" }, async ({ page, door }) => {
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("slider", { name: "Strength" }).fill("0.5");
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  const seen = await answered(door, "lowlight");
  await page.getByRole("region", { name: "Result" }).waitFor();
  await go(page, "/classify");
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Classify", exact: true }).click();
  await answered(door, "classify");
  await page.getByRole("list", { name: "Classes" }).waitFor();

  await go(page, "/history");
  await until(async () => (await things(page).count()) === 2, "two things");
  await page.reload();
  await until(async () => (await things(page).count()) === 2, "two things after a reload");
  await page.getByRole("listitem").filter({ hasText: "Strength: 0.5" }).filter({ hasText: "Lowlight" }).waitFor();
  await page.getByText(/Nothing leaves the device but the request itself/).waitFor();
  await page.getByText(/keeps answers and uploads for 1 day/).waitFor();
  await accessible(page, "the history with two things");

  const requests = door.work("lowlight").length;
  await things(page).last().click();
  const after = page.getByRole("img", { name: "After" });
  await after.waitFor();
  assert.equal(difference(await shown(after), await decode(seen.answer, "image/jpeg")), 0);
  assert.equal(door.work("lowlight").length, requests, "shown from the device");
  await page.getByRole("button", { name: /^Open in / }).click();
  await until(() => page.url().endsWith("#/enhance/lowlight"), "the function's view opens");
  await until(async () => (await page.getByRole("slider", { name: "Strength" }).inputValue()) === "0.5", "with its settings");
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  const again = await answered(door, "lowlight", requests + 1);
  assert.ok(again.body.equals(seen.body), "and with its picture");

  await go(page, "/history");
  await until(async () => (await things(page).count()) === 3, "three things");
  await page.getByRole("button", { name: /^Delete cat/ }).first().click();
  await until(async () => (await things(page).count()) === 2, "one is gone");
  await page.getByRole("button", { name: "Undo" }).click();
  await until(async () => (await things(page).count()) === 3, "it is back");
  await page.getByRole("button", { name: "Delete all" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete all" }).click();
  await page.getByText("Nothing here yet").waitFor();
  await page.reload();
  await page.getByText("Nothing here yet").waitFor();
});

// proves: S11
test("history: two things are compared with each other", { at: "/enhance/lowlight" }, async ({ page, door }) => {
  const picture = await drawn(160, 120, "image/jpeg");
  await brighten(page, door, "one.jpg", picture);
  await page.getByRole("slider", { name: "Strength" }).fill("0.2");
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  const answers = [await answered(door, "lowlight"), await answered(door, "lowlight", 2)];
  await go(page, "/history");
  await until(async () => (await things(page).count()) === 2, "two things");
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await page.getByRole("button", { name: "Compare the two" }).click();
  await page.locator(".compare[data-ready=both]").waitFor();
  const pictures = await page.locator(".compare-frame img").all();
  const all = await Promise.all(pictures.map((one) => shown(one)));
  const own = [await decode(door.work("lowlight")[0]!.answer, "image/jpeg"), await decode(answers[1]!.answer, "image/jpeg")];
  for (const one of own) assert.ok(all.some((other) => difference(one, other) === 0), "both results are shown");
});

test("history: where the device has little room the oldest makes way, and the page says so", { at: "/enhance/lowlight" }, async ({ page, context, door }) => {
  const devtools = await context.newCDPSession(page);
  // Before anything is kept: the browser looks at the room that is left only now and then.
  await devtools.send("Storage.overrideQuotaForOrigin", { origin: new URL(door.page).origin, quotaSize: 300_000 });
  await brighten(page, door, "old.jpg", await drawn(500, 400, "image/jpeg", true));
  await brighten(page, door, "new.jpg", await drawn(500, 380, "image/jpeg", true), 2);
  await page.getByText(/the oldest of the history made way|no room for this result/).waitFor();
  await go(page, "/history");
  await until(async () => (await things(page).count()) <= 1, "what does not fit is not there");
});
