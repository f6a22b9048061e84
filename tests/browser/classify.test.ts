// Classify: the ten classes as bars beside the picture, as the function tells them.

import assert from "node:assert/strict";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { again, answered, give, sample } from "./person.ts";
import { accessible } from "./views.ts";

// proves: O03, O04, O13
test("classify: ten bars are the function's scores, and the picture's size is the person's choice", { at: "/classify" }, async ({ page, door, emulator }) => {
  const button = page.getByRole("button", { name: "Classify", exact: true });
  await button.waitFor();
  assert.ok(await button.isDisabled(), "nothing to send yet");
  await give(page, sample("cat_chelsea.jpg"));
  await button.click();
  const seen = await answered(door, "classify");
  const { data } = JSON.parse(String(await again(emulator, seen))) as { data: { classes: { name: string; score: number }[] } };
  assert.equal(data.classes.length, 10);
  const rows = page.getByRole("list", { name: "Classes" }).getByRole("listitem");
  await until(async () => (await rows.count()) === 10, "ten bars");
  const shown = await rows.evaluateAll((all) => all.map((one) => {
    const [whole, filled] = [one.querySelector(".bar"), one.querySelector(".bar > span")].map((part) => part?.getBoundingClientRect().width ?? 0);
    return { text: one.textContent ?? "", share: (filled ?? 0) / (whole || 1) };
  }));
  for (const [at, { name, score }] of data.classes.entries()) {
    assert.match(shown[at]?.text ?? "", new RegExp(`^${name}.*\\b${(score * 100).toFixed(1)} %`, "is"), `bar ${at}`);
    assert.ok(Math.abs((shown[at]?.share ?? -1) - score) < 0.02, `bar ${at} is as long as its score: ${shown[at]?.share} beside ${score}`);
  }
  await accessible(page, "classified");

  const picture = page.locator("main img[src^='blob:']").first();
  const size = page.getByRole("slider", { name: "Size" });
  const width = async () => (await picture.boundingBox())?.width ?? 0;
  await size.fill((await size.getAttribute("min")) ?? "0");
  const small = await width();
  await size.fill((await size.getAttribute("max")) ?? "100");
  assert.ok((await width()) > small * 1.5, "larger than it was");
  assert.ok(await rows.first().isVisible(), "the class stays beside it");
  assert.equal(page.url().split("#")[1], "/classify");
  assert.equal(door.work("classify").length, 1);
});
