// The catalogue: networks in families, with their licences; those that can't be used here are counted, and told with the reason.

import assert from "node:assert/strict";
import { test } from "./browser.ts";
import type { Emulator } from "./emulator.ts";
import type { Fault } from "./fakes.ts";
import { give, sample } from "./person.ts";
import { accessible, go } from "./views.ts";
import { until } from "./visit.ts";

type Told = Record<string, unknown>;
const REASON = "not here yet: `make weights FUNCTION=derain MODEL=many-3` fetches it";

/** What a function tells, changed. */
const told = (emulator: Emulator, changes: Record<string, (whole: Told) => Told>): Fault => async ({ route, method }, response) => {
  const change = changes[route];
  if (!change || method !== "GET") return false;
  const whole = (await (await fetch(new URL(route, emulator.functions["derain"]))).json()) as Told;
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(change(whole)));
  return true;
};

/** The function tells of three more networks: a family, one of which is not here. */
const withFamily = (emulator: Emulator): Fault => told(emulator, {
  models: (tree) => {
    const [one] = (tree["children"] as Told[]).filter((leaf) => leaf["name"] === "default");
    const member = (number: number, more: Told) => ({ ...one, name: `many-${number}`, title: `Number ${number}`, licence: "none stated", terms: "unstated", ...more });
    const children = [member(1, {}), member(2, { licence: "MIT", terms: "free" }), member(3, { status: "fetch", reason: REASON })];
    return { ...tree, children: [one, { name: "many", type: "family", title: "Many of one kind", description: "3 networks", path: "models/many", children }] };
  },
  "openapi.json": (document) => {
    const { parameters } = (document["paths"] as Record<string, { post: { parameters: { name: string; schema: Told }[] } }>)["/"]!.post;
    for (const { name, schema } of parameters) if (name === "model") schema["enum"] = ["default", "many-1", "many-2"];
    return document;
  },
});

// proves: D02, D04
test("catalogue: a family is a group of the menu, licences are told, what is not here is counted", { expects: [/status of 400/] }, async ({ page, door, emulator }) => {
  door.fault("derain", withFamily(emulator));
  await go(page, "/enhance/derain");
  await give(page, sample("street_buses.jpg"));
  const menu = page.getByRole("combobox", { name: "Network" });
  const group = menu.locator("optgroup");
  assert.equal(await group.getAttribute("label"), "Many of one kind");
  assert.deepEqual(await group.locator("option").allTextContents(), ["Number 1", "Number 2"]);
  const more = menu.locator("option", { hasText: "1 more can't be used here" });
  assert.ok(await more.isDisabled());
  const licence = page.getByText("Licence: none stated: nobody has said that it may be used");
  assert.equal(await licence.count(), 0);
  await menu.selectOption("many-1");
  await licence.waitFor();
  await page.getByRole("button", { name: "Remove rain", exact: true }).click();
  const asked = await until(() => door.work("derain")[0], "the request");
  assert.equal(asked.query.get("model"), "many-1");
  await page.getByText("there is no model `many-1`").first().waitFor();
  await menu.selectOption("many-2");
  await licence.waitFor({ state: "detached" });
});

// proves: D02, D04
test("catalogue: About shows families, and under a count what is not here, with the reason", {}, async ({ page, door, emulator }) => {
  door.fault("derain", withFamily(emulator));
  await go(page, "/about");
  const card = page.getByRole("article").filter({ has: page.getByRole("heading", { name: "Derain", exact: true }) });
  await card.getByRole("heading", { name: "Many of one kind" }).waitFor();
  assert.deepEqual(await card.locator("summary code").allTextContents(), ["default", "many-1", "many-2"]);
  const row = card.getByRole("listitem").filter({ hasText: "Number 3" });
  assert.equal(await row.isVisible(), false);
  await card.getByText("1 more that can't be used here").click();
  const text = (await row.textContent()) ?? "";
  assert.ok(text.includes("none stated: nobody has said that it may be used") && text.includes(REASON.replaceAll("`", "")), text);
  assert.equal(await row.locator("code").last().textContent(), "make weights FUNCTION=derain MODEL=many-3");
  await accessible(page, "About with a family");
});
