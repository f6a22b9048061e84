// Enhance with one picture: what is shown and saved is what the function answers, and everything that is done with it.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { ffmpeg } from "./camera-file.ts";
import { slow } from "./fakes.ts";
import { again, answered, give, sample, saved, waits } from "./person.ts";
import { readCode } from "./code.ts";
import { decode, difference, drawn, shown } from "./pixels.ts";
import { accessible } from "./views.ts";

const VERBS = { derain: "Remove rain", lowlight: "Brighten", dehaze: "Remove haze", upscale: "Enlarge", stylize: "Paint" };
const result = (page: Page) => page.getByRole("region", { name: "Result" });
const after = (page: Page) => page.getByRole("img", { name: "After" });
const press = (page: Page, fn: keyof typeof VERBS) => page.getByRole("button", { name: VERBS[fn], exact: true }).click();

for (const fn of Object.keys(VERBS) as (keyof typeof VERBS)[]) {
  // proves: S10, O13
  test(`enhance: the shown and the saved answer of ${fn} is the function's own`, { at: `/enhance/${fn}` }, async ({ page, door, emulator }) => {
    assert.ok(await page.getByRole("button", { name: VERBS[fn], exact: true }).isDisabled(), "nothing to send yet");
    await give(page, { name: "small.jpg", mimeType: "image/jpeg", buffer: await drawn(160, 120, "image/jpeg") });
    await press(page, fn);
    const seen = await answered(door, fn);
    await result(page).waitFor();
    const own = await again(emulator, seen);
    const file = await saved(page, () => result(page).getByRole("button", { name: "Download" }).click());
    assert.ok(file.bytes.equals(own), `${file.name}: ${file.bytes.length} bytes beside ${own.length}`);
    assert.match(file.name, new RegExp(`^small-${fn}\\.(jpg|png|webp)$`));
    assert.equal(difference(await shown(after(page)), await decode(own, String(seen.answerHeaders["content-type"]))), 0);
    assert.equal(door.work(fn).length, 1);
  });
}

// proves: O13
test("enhance: a double click sends one request", { at: "/enhance/lowlight" }, async ({ page, door }) => {
  door.fault("lowlight", slow(800));
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).dblclick();
  await result(page).waitFor();
  assert.equal(door.work("lowlight").length, 1);
});

test("enhance: controls come from the function's document, and what they say is sent", { at: "/enhance/lowlight" }, async ({ page, door, emulator }) => {
  await give(page, sample("cat_chelsea.jpg"));
  const document = (await (await fetch(new URL("openapi.json", emulator.functions["lowlight"]))).json()) as { paths: { "/": { post: { parameters: { name: string; schema: { minimum?: number; maximum?: number } }[] } } } };
  const strength = document.paths["/"].post.parameters.find((one) => one.name === "strength")?.schema;
  const slider = page.getByRole("slider", { name: "Strength" });
  assert.deepEqual([Number(await slider.getAttribute("min")), Number(await slider.getAttribute("max"))], [strength?.minimum, strength?.maximum]);
  await press(page, "lowlight");
  assert.equal((await answered(door, "lowlight")).query.has("strength"), false, "what is as the function has it is not sent");
  await slider.fill("0.5");
  await press(page, "lowlight");
  assert.equal((await answered(door, "lowlight", 2)).query.get("strength"), "0.5");
});

// proves: O10
test("enhance: the page makes a picture smaller first, when asked", { at: "/enhance/dehaze" }, async ({ page, door }) => {
  await give(page, sample("street_buses.jpg"));
  await page.getByRole("checkbox", { name: "Make smaller first" }).check();
  await page.getByRole("spinbutton", { name: /Longer side/ }).fill("400");
  await page.getByRole("spinbutton", { name: /Longer side/ }).blur();
  await press(page, "dehaze");
  const { body } = await answered(door, "dehaze");
  const original = await decode(sample("street_buses.jpg").buffer, "image/jpeg");
  const sent = await decode(body, "image/jpeg");
  assert.equal(Math.max(sent.width, sent.height), 400);
  assert.ok(Math.abs(sent.width / sent.height - original.width / original.height) < 0.01, "its shape stays");
  assert.ok(body.length < sample("street_buses.jpg").buffer.length / 2);
  await result(page).getByText("Made smaller first").waitFor();
});

test("enhance: a picture of more than 6 MB goes by upload, with its progress", { at: "/enhance/lowlight" }, async ({ page, door, emulator }) => {
  const noise = await drawn(1600, 1300, "image/png", true);
  const large = Buffer.concat([noise, Buffer.alloc(Math.max(0, 6_200_000 - noise.length))]);
  assert.ok(large.length > 6_000_000);
  await give(page, { name: "noise.png", mimeType: "image/png", buffer: large });
  const told = await waits(page);
  await press(page, "lowlight");
  const seen = await answered(door, "lowlight");
  await result(page).waitFor();
  const put = door.seen.find((one) => one.method === "PUT");
  assert.ok(put?.body.equals(large), "the file was put where the function said");
  assert.ok(seen.query.has("upload"));
  const texts = await told();
  assert.ok(texts.some((text) => /^Sending \d+ %/.test(text)), texts.join("; "));
  const own = await again(emulator, seen);
  assert.equal(difference(await shown(after(page)), await decode(own, "image/png")), 0);
});

test("enhance: AVIF becomes a JPEG on the device, and the page says so", { at: "/enhance/derain" }, async ({ page, door }) => {
  const folder = mkdtempSync(join(tmpdir(), "avif-"));
  execFileSync(ffmpeg, ["-v", "error", "-i", join(import.meta.dirname, "../../samples/cat_chelsea.jpg"), "-vf", "scale=240:-2", "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8", join(folder, "cat.avif")]);
  await give(page, { name: "cat.avif", mimeType: "image/avif", buffer: readFileSync(join(folder, "cat.avif")) });
  await page.locator("main").getByText(/Converted from AVIF/).first().waitFor();
  await press(page, "derain");
  const { body, headers } = await answered(door, "derain");
  assert.equal(headers["content-type"], "image/jpeg");
  assert.equal((await decode(body, "image/jpeg")).width, 240);
});

test("enhance: a result becomes the next input, derain then upscale", { at: "/enhance/derain" }, async ({ page, door }) => {
  await give(page, { name: "rain.jpg", mimeType: "image/jpeg", buffer: await drawn(120, 90, "image/jpeg") });
  await press(page, "derain");
  const first = await answered(door, "derain");
  await result(page).getByText("Use as the next input").click();
  await result(page).getByRole("button", { name: "Upscale" }).click();
  await until(() => page.url().endsWith("#/enhance/upscale"), "the other function's view opens");
  await press(page, "upscale");
  const second = await answered(door, "upscale");
  assert.ok(second.body.equals(first.answer), "the answer of the one is the input of the other");
  await result(page).waitFor();
  await page.getByText("Made by Derain → Upscale").waitFor();
  assert.ok((await shown(after(page))).width > 120);
});

// proves: S12
test("enhance: copy, share and poster, whose code leads to the page", { at: "/enhance/lowlight" }, async ({ page, door }) => {
  await give(page, sample("cat_chelsea.jpg"));
  await press(page, "lowlight");
  const seen = await answered(door, "lowlight");
  await result(page).getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByText("The picture is copied.").waitFor();
  const copied = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const bytes = new Uint8Array(await (await item!.getType("image/png")).arrayBuffer());
    return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
  });
  const answer = await decode(seen.answer, "image/jpeg");
  assert.equal(difference(await decode(Buffer.from(copied, "base64")), answer), 0);

  const shared = await page.evaluate(() => {
    const files: { name: string; size: number }[] = [];
    Object.assign(navigator, {
      canShare: () => true,
      share: async (data: { files: File[] }) => void files.push(...data.files.map(({ name, size }) => ({ name, size }))),
    });
    return Object.assign(globalThis, { files }).files.length;
  });
  assert.equal(shared, 0);
  await result(page).getByRole("button", { name: "Share" }).click();
  const files = await until(() => page.evaluate(() => (globalThis as unknown as { files: { name: string; size: number }[] }).files[0]), "the file is handed on");
  assert.deepEqual(files, { name: "cat_chelsea-lowlight.jpg", size: seen.answer.length });

  await result(page).getByRole("button", { name: "Poster" }).click();
  await page.getByLabel("Caption").fill("A cat, brighter");
  const poster = await saved(page, () => page.getByRole("button", { name: "Download the poster" }).click());
  const picture = await decode(poster.bytes);
  assert.deepEqual([picture.width, picture.height], [1080, 1350]);
  assert.equal(readCode(picture), door.page);
  await accessible(page, "poster");
});

// proves: B12
test("enhance: the snippets of the request just made run, and answer the same", { at: "/enhance/upscale" }, async ({ page, door }) => {
  const given = { name: "it's a cat.jpg", mimeType: "image/jpeg", buffer: await drawn(100, 80, "image/jpeg") };
  await give(page, given);
  await press(page, "upscale");
  const seen = await answered(door, "upscale");
  await result(page).getByText("This request as a program").click();
  const folder = mkdtempSync(join(tmpdir(), "snippet-"));
  writeFileSync(join(folder, given.name), given.buffer);
  const program = async (language: string) => {
    await result(page).getByRole("button", { name: language, exact: true }).click();
    return (await result(page).getByRole("region", { name: `Program for ${language}` }).textContent()) ?? "";
  };
  const python = join(import.meta.dirname, "../../.tools/clients/bin/python");
  const run = promisify(execFile);
  const runs: [string, string, (file: string) => [string, string[]]][] = [
    ["curl", "run.sh", (file) => ["bash", [file]]],
    ["Python", "run.py", (file) => [python, [file]]],
    ["JavaScript", "run.mjs", (file) => [process.execPath, [file]]],
  ];
  const output = join(folder, "it's a cat-upscale.jpg");
  for (const [language, file, command] of runs) {
    writeFileSync(join(folder, file), await program(language));
    writeFileSync(output, "");
    const [name, words] = command(file);
    await run(name, words, { cwd: folder });
    assert.ok(readFileSync(output).equals(seen.answer), language);
  }
});
