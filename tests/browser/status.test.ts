// Status: which functions are up, warm, on what; waking one; the key for one that asks for it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { root } from "./chromium.ts";
import { freePort } from "./emulator.ts";
import { dead } from "./fakes.ts";
import { answered, give, sample } from "./person.ts";
import { accessible, go } from "./views.ts";
import { join } from "node:path";

const KEY = "a key for the tests";
const row = (page: Page, name: string) => page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });

// proves: B09
test("status: every function with its health, provider, warmth and last answer; a dead one is seen, a sleeping one woken", { at: "/enhance/lowlight", expects: [/503|ERR_|Failed to load/] }, async ({ page, door, emulator }) => {
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  const seen = await answered(door, "lowlight");
  await go(page, "/status");
  const names = Object.keys(emulator.functions).sort();
  await until(async () => (await page.locator("li[data-health=up]").count()) === names.length, "every function is up");
  for (const name of names) {
    const told = (await (await fetch(emulator.functions[name] ?? "", { headers: { accept: "application/json" } })).json()) as { version: string; provider?: string; limits: { max_pixels: number } };
    const text = (await row(page, name.charAt(0).toUpperCase() + name.slice(1)).textContent()) ?? "";
    assert.ok(text.includes(told.version) && text.includes("Up and warm"), name);
    assert.ok(text.includes(`${told.limits.max_pixels / 1e6} megapixels`), name);
    if (told.provider) assert.ok(text.includes(told.provider), `${name} runs on ${told.provider}`);
  }
  const model = String(seen.answerHeaders["x-model"]);
  assert.ok((await row(page, "Lowlight").textContent())?.includes(model), "the last answer's model");

  door.fault("derain", dead);
  let awake = false;
  door.fault("dehaze", ({ route }, response) => {
    if (route === "warmup") awake = true;
    if (route !== "readyz" || awake) return false;
    response.writeHead(503).end();
    return true;
  });
  await page.getByRole("button", { name: "Look again" }).click();
  await row(page, "Derain").getByText("Not reached").waitFor();
  await row(page, "Dehaze").getByText("Asleep").waitFor();
  await row(page, "Lowlight").getByText("Up and warm").waitFor();
  await accessible(page, "status with a dead function");
  await page.getByRole("button", { name: "Wake: Dehaze" }).click();
  await page.getByText(/Dehaze is awake after [\d.]+ s/).waitFor();
  await row(page, "Dehaze").getByText("Up and warm").waitFor();
});

test("status: a function that asks for a key gets the one that was entered, and no other function does", { at: "/enhance/lowlight", expects: [/401/] }, async ({ page, door }) => {
  const port = await freePort();
  const keyed = spawn(join(root, "target/release/lowlight"), {
    cwd: root,
    env: { ...process.env, PORT: String(port), STORE: "", MODELS: join(root, "models"), ORT_DYLIB_PATH: join(root, ".tools/onnxruntime/libonnxruntime.so"), API_KEYS: createHash("sha256").update(KEY).digest("hex") },
    stdio: "ignore",
  });
  try {
    await until(() => fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.ok, () => false), "the function with keys is ready");
    door.elsewhere("lowlight", `http://127.0.0.1:${port}/`);
    await page.reload();
    await give(page, sample("cat_chelsea.jpg"));
    const brighten = page.getByRole("button", { name: "Brighten", exact: true });
    await brighten.click();
    await page.getByRole("alert").getByText("This function asks for a key.").waitFor();
    await page.getByRole("link", { name: "Enter a key" }).click();
    await page.getByLabel("Key for Lowlight").fill(KEY);
    await accessible(page, "a key is asked for");
    await page.getByRole("button", { name: "Keep" }).click();
    await page.getByText("A key is set.").waitFor();
    await go(page, "/enhance/lowlight");
    await brighten.click();
    const seen = await answered(door, "lowlight");
    assert.equal(seen.headers.authorization, `Bearer ${KEY}`);
    await go(page, "/enhance/derain");
    await give(page, sample("cat_chelsea.jpg"));
    await page.getByRole("button", { name: "Remove rain", exact: true }).click();
    assert.equal((await answered(door, "derain")).headers.authorization, undefined);
    await page.reload();
    await go(page, "/status");
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByLabel("Key for Lowlight").waitFor();
  } finally {
    const ended = new Promise((resolve) => keyed.once("exit", resolve));
    keyed.kill("SIGTERM");
    await ended;
  }
});
