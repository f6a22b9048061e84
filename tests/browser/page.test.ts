// The page itself: its policy, its weight, its languages and themes, and what holds in every view.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { VIEWS, accessible, fits, go, settled } from "./views.ts";

const SIZES = { phone: { width: 390, height: 844 }, laptop: { width: 1280, height: 900 } };

// proves: B11
test("axe finds nothing in any view, light or dark, on a phone or a laptop", {}, async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const place of VIEWS) {
    await go(page, place);
    for (const [name, size] of Object.entries(SIZES)) {
      await page.setViewportSize(size);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await accessible(page, `${place}, ${name}, ${colorScheme}`);
      }
    }
  }
});

// proves: B11
test("no view is wider than the window, from 360 px to 4K, in both languages", { locale: "zh-CN" }, async ({ page }) => {
  for (const language of ["zh", "en"]) {
    if (language === "en") await page.getByRole("button", { name: "English" }).click();
    for (const place of VIEWS) {
      await go(page, place);
      for (const width of [360, 768, 1280, 3840]) {
        await page.setViewportSize({ width, height: width > 2000 ? 2160 : 800 });
        await fits(page, `${place} at ${width} px, ${language}`);
      }
    }
  }
});

// proves: B11
test("the browser's language is spoken, another one stays chosen", { locale: "zh-CN" }, async ({ page }) => {
  await page.getByRole("link", { name: "增强" }).first().waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans");
  const allowed = /^(Darkroom|English|[\s\d.,:;%×x·()/+@#&→-]|[A-Z]{2,5}\b|px|MB|KB|GB|ms?|s|B|PyTorch|ONNX|curl|Python|JavaScript|darkroom)*$/;
  for (const place of VIEWS) {
    await go(page, place);
    const english = await page.evaluate(() => {
      const found: string[] = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const { parentElement, textContent } = walker.currentNode;
        const text = (textContent ?? "").trim();
        if (!parentElement || parentElement.closest("[lang=en], code, pre, script, noscript, option")) continue;
        if (/[A-Za-z]{4,} [A-Za-z]{2,} [A-Za-z]{2,}/.test(text) && !/[\u4e00-\u9fff]/.test(text)) found.push(text);
      }
      return found;
    });
    assert.deepEqual(english.filter((text) => !allowed.test(text)), [], `${place} speaks English in the Chinese page`);
  }
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("link", { name: "Enhance" }).first().waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Enhance" }).first().waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
});

// proves: B11
test("light and dark come from the system until the person chooses", { theme: "dark" }, async ({ page }) => {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g)!.slice(0, 3).map(Number).reduce((a, b) => a + b) / 3);
  await settled(page);
  assert.ok(await paper() < 60, "dark, as the system says");
  await page.emulateMedia({ colorScheme: "light" });
  assert.ok(await paper() > 200, "light, as the system says now");
  await page.getByRole("button", { name: "Theme: as the system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  await page.getByRole("button", { name: "Theme: dark" }).waitFor();
  assert.ok(await paper() < 60, "dark, as the person says");
  await page.reload();
  await settled(page);
  assert.ok(await paper() < 60, "dark, as the person said before");
});

test("the first load is under 150 KB compressed", {}, async ({ page, door }) => {
  await settled(page);
  await page.waitForLoadState("networkidle");
  const files = door.seen.filter((one) => one.fn === "studio");
  // What a server without compression sent is weighed as the studio would have sent it. Pictures count: a phone pays for them too.
  const weight = (one: (typeof files)[number]) =>
    one.answerHeaders["content-encoding"] || /^(image\/(png|jpeg)|video)/.test(one.answerHeaders["content-type"] ?? "") ? one.answer.length : gzipSync(one.answer).length;
  const sum = files.reduce((total, one) => total + weight(one), 0);
  const told = files.map((one) => `${one.route || "index.html"} ${weight(one)}`).join(", ");
  assert.ok(sum > 10_000 && sum < 150_000, `${sum} bytes: ${told}`);
});

test("the policy lets nothing in and nothing out but the page and its functions", { expects: [/Content Security Policy|Trusted/i] }, async ({ page, emulator }) => {
  await settled(page);
  const response = await page.reload();
  const policy = new Map((response?.headers()["content-security-policy"] ?? "").split(";").map((one) => {
    const [name = "", ...values] = one.trim().split(/\s+/);
    return [name, values.join(" ")];
  }));
  assert.equal(policy.get("default-src"), "'none'");
  assert.equal(policy.get("script-src"), "'self'");
  assert.equal(policy.get("style-src"), "'self'");
  assert.equal(policy.get("base-uri"), "'none'");
  assert.equal(policy.get("form-action"), "'none'");
  assert.equal(policy.get("frame-ancestors"), "'none'");
  assert.equal(policy.get("require-trusted-types-for"), "'script'");
  for (const source of (policy.get("connect-src") ?? "*").split(" ")) {
    assert.ok(source === "'self'" || source === new URL(Object.values(emulator.functions)[0] ?? "").origin, `connect-src ${source}`);
  }
  await settled(page);
  let hits = 0;
  const other = createServer((_, answer) => {
    hits += 1;
    answer.writeHead(200, { "access-control-allow-origin": "*" }).end();
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  const broke = await page.evaluate(async (elsewhere) => {
    const done: string[] = [];
    await fetch(elsewhere).then(() => done.push("fetched from elsewhere"), () => {});
    await new Promise<void>((resolve) => {
      const image = new Image();
      image.onload = image.onerror = () => resolve();
      image.src = elsewhere;
    });
    try {
      document.body.insertAdjacentHTML("beforeend", "<b>markup</b>");
      done.push("wrote markup");
    } catch {
      // As it should be.
    }
    return done;
  }, elsewhere);
  other.close();
  assert.deepEqual(broke, []);
  assert.equal(hits, 0, "nothing left the page");
});

// proves: O22
test("every address is relative: the page works under any prefix and host", {}, async ({ page, door }) => {
  await settled(page);
  const other = door.page.replace("localhost", "127.0.0.1");
  await page.goto(`${other}#/status`);
  await settled(page);
  const host = new URL(other).host;
  await until(() => door.seen.some((one) => one.fn === "lowlight" && one.headers.host === host), "a function is asked at the page's own host");
});

test("an address without its last slash, where no part of the page is found, says what is missing", { expects: [/404|MIME/] }, async ({ page, door }) => {
  await settled(page);
  const words = page.getByText("Put a slash (/) at the end of its address.");
  assert.equal(await words.isVisible(), false);
  await page.goto(door.page.slice(0, -1));
  await words.waitFor();
  assert.equal(await words.evaluate((one) => getComputedStyle(one).display), "block");
});
