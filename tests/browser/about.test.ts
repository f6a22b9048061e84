// About: papers, licences and measured quality are those that the functions tell; feedback goes where the operator says, and nowhere else.

import assert from "node:assert/strict";
import { test } from "./browser.ts";
import type { Fault } from "./fakes.ts";
import { root } from "./chromium.ts";
import { readdirSync } from "node:fs";
import { join } from "node:path";

interface Told {
  licence: string;
  terms: string;
  status: string;
  reason: string | null;
  paper: string | null;
  serves: string;
  name: string;
  quality: { precision: string; set: string; value: number }[];
  children: Told[];
}

/** The variants of a tree. */
const leaves = (tree: Told): Told[] => (tree.children.length > 0 ? tree.children.flatMap(leaves) : [tree]);

/** The page's server tells this address for feedback. */
const feedback = (address: string | null): Fault => ({ route }, response) => {
  if (route !== "about.json") return false;
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ version: "1.2.3", feedback: address, page: null }));
  return true;
};

// proves: S14
test("about: every network with its paper, licence and quality, and the operator's address for feedback", { at: "/about" }, async ({ page, door, emulator }) => {
  for (const [name, address] of Object.entries(emulator.functions)) {
    const variants = readdirSync(join(root, "models", name)).filter((one) => !one.startsWith("."));
    const told = leaves((await (await fetch(new URL("models", address))).json()) as Told);
    assert.deepEqual(told.map((one) => one.name).sort(), variants.sort(), name);
    const card = page.getByRole("article").filter({ has: page.getByRole("heading", { name: name.charAt(0).toUpperCase() + name.slice(1), exact: true }) });
    const [here, away] = [told.filter((one) => one.status === "ready"), told.filter((one) => one.status !== "ready")];
    await card.locator("summary").first().waitFor();
    const others = card.getByText(`${away.length} more that can't be used here`);
    assert.equal(await others.count(), away.length > 0 ? 1 : 0, `${name}: how many others there are`);
    if (away.length > 0) await others.click();
    for (const variant of away) {
      const row = card.getByRole("listitem").filter({ has: page.locator("code", { hasText: new RegExp(`^${variant.name}$`) }) });
      const text = (await row.textContent()) ?? "";
      assert.ok(text.includes(variant.licence) && text.includes((variant.reason ?? "").replaceAll("`", "")), `${name} ${variant.name}: ${text}`);
    }
    for (const variant of here) {
      const network = card.locator("details").filter({ has: page.locator("summary code", { hasText: new RegExp(`^${variant.name}$`) }) });
      await network.locator("summary").click();
      const text = (await network.textContent()) ?? "";
      const terms = variant.terms === "free" ? variant.licence : `${variant.licence}: `;
      assert.ok(text.includes(terms), `${name} ${variant.name}: licence`);
      if (variant.paper) assert.equal(await network.locator(`a[href="${variant.paper}"]`).count(), 1, `${name} ${variant.name}: paper`);
      const measured = variant.quality.filter((one) => one.precision === variant.serves);
      assert.equal(await network.locator("tbody tr").count(), measured.length, `${name} ${variant.name}: quality`);
      await network.locator("summary").click();
    }
  }
  const link = page.getByRole("link", { name: "Tell us what you think" });
  door.fault("studio", feedback("https://example.org/write?to=us"));
  await page.reload();
  assert.equal(await link.getAttribute("href"), "https://example.org/write?to=us");
  await page.getByText("Version 1.2.3").waitFor();
  for (const address of [null, "javascript:alert(1)"]) {
    door.fault("studio", feedback(address));
    await page.reload();
    await page.getByText("Version 1.2.3").waitFor();
    assert.equal(await link.count(), 0, `no link to ${address}`);
  }
});
