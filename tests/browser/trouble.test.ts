// A server that is slow, busy, not ready, or refuses: the page stays usable and says what can be done.

import assert from "node:assert/strict";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { dead, refusing, slow } from "./fakes.ts";
import { answered, give, sample } from "./person.ts";
import { go } from "./views.ts";

// proves: O23, S10
test("a slow server (2 s) leaves the page usable: it is seen to work, another view opens, stop works", { at: "/enhance/lowlight" }, async ({ page, door }) => {
  door.fault("lowlight", slow(2000));
  await give(page, sample("cat_chelsea.jpg"));
  const button = page.getByRole("button", { name: "Brighten", exact: true });
  const begun = performance.now();
  await button.click();
  await page.getByRole("status").filter({ hasText: /Working|Sending/ }).first().waitFor();
  assert.ok(performance.now() - begun < 1500, "a wait is shown at once");
  assert.ok(await button.isDisabled());
  await page.getByRole("link", { name: "History" }).first().click();
  await page.getByRole("heading", { name: "History", level: 1 }).waitFor();
  assert.equal(door.work("lowlight").filter((one) => one.status).length, 0, "the answer is still not there");
  await go(page, "/enhance/lowlight");
  await page.getByRole("region", { name: "Result" }).waitFor();

  await button.click();
  await until(() => door.work("lowlight").length === 2, "a second request is on its way");
  await page.getByRole("button", { name: "Stop" }).click();
  await until(() => door.work("lowlight")[1]?.left, "the page hung up");
  assert.ok(await button.isEnabled());
  assert.equal(await page.getByRole("alert").count(), 0, "a stop is no failure");
});

for (const status of [429, 503]) {
  // proves: S10
  test(`a busy function (${status}) is asked again after the seconds it names`, { at: "/enhance/lowlight", expects: [new RegExp(String(status))] }, async ({ page, door }) => {
    door.fault("lowlight", refusing(status, 2, { "retry-after": "1" }));
    await give(page, sample("cat_chelsea.jpg"));
    await page.getByRole("button", { name: "Brighten", exact: true }).click();
    await page.getByText("Busy: next try in 1 s").first().waitFor();
    await page.getByRole("region", { name: "Result" }).waitFor();
    const all = door.work("lowlight");
    assert.deepEqual(all.map((one) => one.status), [status, status, 200]);
    assert.ok((all[1]?.begun ?? 0) - (all[0]?.ended ?? 0) > 900, "not before its time");
  });
}

// proves: S10
test("a function that stays busy is told of, with a way on", { at: "/enhance/lowlight", expects: [/503/] }, async ({ page, door }) => {
  door.fault("lowlight", refusing(503, Number.POSITIVE_INFINITY, { "retry-after": "0" }));
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await page.getByRole("alert").getByText("The function is not ready yet. Try again in a moment.").waitFor();
  assert.ok(door.work("lowlight").length <= 5, "it is not asked for ever");
  door.fault("lowlight", null);
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await page.getByRole("region", { name: "Result" }).waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
});

// proves: O10
test("a file that is too large (413) can be made smaller, and then goes", { at: "/enhance/lowlight", expects: [/413/] }, async ({ page, door }) => {
  door.fault("lowlight", refusing(413, 1));
  await give(page, sample("street_buses.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await page.getByRole("alert").getByText(/too large for this function/).waitFor();
  await page.getByRole("button", { name: "Make it smaller and try again" }).click();
  const seen = await answered(door, "lowlight");
  assert.ok(seen.body.length < sample("street_buses.jpg").buffer.length);
  await page.getByRole("region", { name: "Result" }).waitFor();
});

test("a function that dies in the middle of its answer, and one that is gone, are told apart", { at: "/enhance/lowlight", expects: [/ERR_|Failed to load/] }, async ({ page, door }) => {
  const { promise: received, resolve: die } = Promise.withResolvers<void>();
  door.dying("lowlight", 5000, received);
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await page.getByRole("status").getByText(/^Receiving/).first().waitFor();
  die();
  await page.getByRole("alert").getByText("The connection broke before the answer was whole. Try again.").waitFor();
  door.reset();
  door.fault("lowlight", dead);
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await page.getByRole("alert").getByText(/can't be reached/).waitFor();
  door.fault("lowlight", null);
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await page.getByRole("region", { name: "Result" }).waitFor();
});
