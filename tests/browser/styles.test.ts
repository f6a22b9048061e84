// Styles: the gallery with its introductions, one style or two mixed, each with its own picture and result.

import assert from "node:assert/strict";
import { test } from "./browser.ts";
import { again, answered, give, saved } from "./person.ts";
import { decode, difference, drawn, shown } from "./pixels.ts";
import { accessible, go } from "./views.ts";

interface Style {
  name: string;
  title: string;
  painter: string;
  year: string;
  lines: string;
  palette: string[];
}

/** The styles as the function tells them. */
async function told(address: string | undefined): Promise<Style[]> {
  interface Tree { styles?: Style[]; children?: Tree[] }
  const walk = (tree: Tree): Style[] => tree.styles ?? (tree.children ?? []).flatMap(walk);
  return walk((await (await fetch(new URL("models", address))).json()) as Tree);
}

// proves: S13
test("styles: every painting is introduced: painter, year, palette, lines", { at: "/styles" }, async ({ page, emulator }) => {
  const styles = await told(emulator.functions["stylize"]);
  assert.ok(styles.length >= 12);
  await page.getByRole("link", { name: styles[0]?.title ?? "" }).first().waitFor();
  for (const style of styles) {
    await go(page, `/styles/${style.name}`);
    const article = page.getByRole("article", { name: style.title });
    const text = ((await article.textContent()) ?? "").replaceAll("–", "-");
    for (const part of [style.painter, style.year, style.lines]) assert.ok(text.includes(part.replaceAll("–", "-")), `${style.name}: ${part}`);
    const colours = await article.getByRole("list", { name: "Colours" }).getByRole("listitem").evaluateAll((all) => all.map((one) => getComputedStyle(one.firstElementChild ?? one).backgroundColor));
    const wanted = style.palette.map((one) => `rgb(${[1, 3, 5].map((at) => Number.parseInt(one.slice(at, at + 2), 16)).join(", ")})`);
    assert.deepEqual(colours, wanted, style.name);
  }
});

// proves: S09, S10
test("styles: a style, a picture and its settings make a painting; two are mixed by a slider; each keeps its own", { at: "/styles/great-wave" }, async ({ page, door, emulator }) => {
  const generate = page.getByRole("button", { name: "Generate" });
  await generate.waitFor();
  assert.ok(await generate.isDisabled());
  await give(page, { name: "small.jpg", mimeType: "image/jpeg", buffer: await drawn(160, 120, "image/jpeg") });
  await generate.click();
  const one = await answered(door, "stylize");
  assert.equal(one.query.get("style"), "great-wave");
  const after = page.getByRole("img", { name: "Painting", exact: true });
  await after.waitFor();
  const own = await again(emulator, one);
  const painted = await decode(own, String(one.answerHeaders["content-type"]));
  assert.equal(difference(await shown(after), painted), 0);
  const file = await saved(page, () => page.getByRole("button", { name: "Download" }).click());
  assert.ok(file.bytes.equals(own));
  await accessible(page, "a painting");

  await go(page, "/styles/great-wave/starry-night");
  await page.getByRole("slider", { name: "Mix" }).fill("40");
  await generate.click();
  const two = await answered(door, "stylize", 2);
  assert.equal(two.query.get("style"), "great-wave:0.6,starry-night:0.4");
  await after.waitFor();
  const mixed = await decode(await again(emulator, two), String(two.answerHeaders["content-type"]));
  assert.equal(difference(await shown(after), mixed), 0);
  assert.ok(difference(mixed, painted) > 20, "the mix is another picture");

  await go(page, "/styles/great-wave");
  await after.waitFor();
  assert.equal(difference(await shown(after), painted), 0, "the first style kept its own");
  assert.equal(door.work("stylize").length, 2, "nothing was asked for again");
});
