// Many pictures at once: each with its own state and error, the same settings, stop that stops, all as one zip.

import assert from "node:assert/strict";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { refusing, slow } from "./fakes.ts";
import { again, give, saved, type Given } from "./person.ts";
import { drawn } from "./pixels.ts";
import { accessible } from "./views.ts";

const COUNT = 12;
const row = (page: Page, stage: string) => page.locator(`main li[data-stage=${stage}]`);

/** Twelve pictures of different sizes; two have one name. */
async function pictures(): Promise<Given[]> {
  const all: Given[] = [];
  for (let at = 0; at < COUNT; at += 1) {
    const buffer = await drawn(120 + 16 * at, 90 + 8 * at, "image/jpeg");
    all.push({ name: at === 7 ? "picture-6.jpg" : `picture-${at}.jpg`, mimeType: "image/jpeg", buffer });
  }
  return all;
}

// proves: B10
test("batch: every picture has its own state, a broken one stops no other, the zip holds the answers", { at: "/enhance/lowlight", expects: [/422|400|415/] }, async ({ page, door, emulator }) => {
  const given = await pictures();
  // The function takes the fourth for broken; one more is so broken that the page itself can't read it.
  door.fault("lowlight", (seen, response) => seen.body.equals(given[3]!.buffer) && refusing(422)(seen, response));
  const unreadable = { name: "unreadable.jpg", mimeType: "image/jpeg", buffer: given[0]!.buffer.subarray(0, 200) };
  await give(page, ...given, unreadable);
  await page.getByRole("alert").getByText(/unreadable\.jpg/).waitFor();
  await page.getByRole("button", { name: /^Brighten: \d+ pictures/ }).click();
  await until(async () => (await row(page, "done").count()) + (await row(page, "failed").count()) === COUNT, "all have been asked for");
  assert.equal(await row(page, "failed").count(), 1);
  assert.match((await row(page, "failed").textContent()) ?? "", /picture-3\.jpg.*broken|picture-3\.jpg.*can't read/s);
  await page.getByRole("button", { name: /^Try .*picture-3\.jpg/ }).waitFor();
  await accessible(page, "batch");
  const good = door.work("lowlight").filter((one) => one.status === 200);
  assert.equal(good.length, COUNT - 1);
  const { name, bytes } = await saved(page, () => page.getByRole("button", { name: "Download all (zip)" }).click());
  assert.equal(name, "lowlight.zip");
  const files = unzipSync(bytes);
  assert.equal(Object.keys(files).length, COUNT - 1, Object.keys(files).join(", "));
  for (const [at, { buffer }] of given.entries()) {
    if (at === 3) continue;
    const seen = good.find((one) => one.body.equals(buffer));
    assert.ok(seen, `picture ${at} was sent as it is`);
    const own = await again(emulator, seen);
    assert.ok(Object.values(files).some((file) => own.equals(file)), `the answer to picture ${at} is in the zip`);
  }
  await page.getByRole("button", { name: "Open picture-5.jpg" }).click();
  await page.getByRole("region", { name: "picture-5.jpg" }).getByRole("img", { name: "After" }).waitFor();
});

// proves: B10
test("batch: stop stops at once, and the rest goes on later", { at: "/enhance/lowlight" }, async ({ page, door }) => {
  door.fault("lowlight", slow(1000));
  await give(page, ...(await pictures()).slice(0, 6));
  await page.getByRole("button", { name: "Brighten: 6 pictures" }).click();
  await until(() => door.work("lowlight").length === 2, "two are on their way");
  assert.equal(await row(page, "going").count(), 2);
  const begun = performance.now();
  await page.getByRole("button", { name: "Stop" }).click();
  await until(async () => (await row(page, "going").count()) === 0, "nothing is on its way");
  assert.ok(performance.now() - begun < 900, "sooner than an answer could be there");
  await until(() => door.work("lowlight").every((one) => one.left), "the page hung up");
  assert.equal(door.work("lowlight").length, 2);
  assert.equal(await row(page, "waiting").count(), 6);
  door.fault("lowlight", null);
  await page.getByRole("button", { name: "Brighten: 6 pictures" }).click();
  await until(async () => (await row(page, "done").count()) === 6, "the rest is done");
  await page.getByRole("button", { name: "Remove picture-0.jpg" }).click();
  await until(async () => (await row(page, "done").count()) === 5, "one is gone");
});
