// Without network: the page opens, shows what is kept on the device, and names the functions that it misses.

import assert from "node:assert/strict";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { answered, give, sample } from "./person.ts";
import { decode, difference, shown } from "./pixels.ts";
import { accessible, go, settled } from "./views.ts";

// proves: B11
test("offline: the page opens, names the functions it misses, and the history is there", { at: "/enhance/lowlight", worker: true, expects: [/ERR_INTERNET_DISCONNECTED|Failed to load|Failed to fetch/] }, async ({ page, context, door, emulator }) => {
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  const seen = await answered(door, "lowlight");
  await page.getByRole("region", { name: "Result" }).waitFor();
  await until(() => page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state === "activated"), "the page's files are kept");
  const visits = () => door.seen.filter((one) => one.fn === "studio" && one.route === "" && one.method === "GET").length;
  const before = visits();
  await page.reload();
  assert.equal(visits(), before + 1, "with a network its head, which says what it may connect to, is the server's");
  await settled(page);

  await context.setOffline(true);
  await page.reload();
  await settled(page);
  const strip = page.getByText(/^No network\./);
  await strip.waitFor();
  const text = ((await strip.textContent()) ?? "").toLowerCase();
  for (const name of Object.keys(emulator.functions)) assert.ok(text.includes(name), `${name} is named`);
  await accessible(page, "offline");
  for (const place of ["/styles", "/classify", "/detect/picture", "/status", "/about"]) {
    await go(page, place);
    assert.equal(await page.getByText("This part of the page failed").count(), 0, place);
  }
  await go(page, "/history");
  await page.getByRole("link", { name: /^Open cat_chelsea/ }).click();
  const after = page.getByRole("img", { name: "After" });
  await after.waitFor();
  assert.equal(difference(await shown(after), await decode(seen.answer, "image/jpeg")), 0);
  await go(page, "/enhance/lowlight");
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await page.getByRole("alert").getByText(/no network/).waitFor();

  await context.setOffline(false);
  await until(async () => (await strip.count()) === 0, "the page notices that the network is back");
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await page.getByRole("region", { name: "Result" }).waitFor();
});
