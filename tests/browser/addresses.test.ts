// Several addresses of one function: who is asked, who does the work, and what a person sees of it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { test } from "./browser.ts";
import { until } from "./visit.ts";
import { root } from "./chromium.ts";
import { said } from "./emulator.ts";
import { dead, refusing, type Door, type Fault } from "./fakes.ts";
import { again, answered, give, sample, saved } from "./person.ts";
import { accessible, fits, go } from "./views.ts";

const GPU = "lowlight-gpu";
/** What the browser itself complains of when a request fails. */
const FAILED = [/ERR_|Failed to load/];
const twin = (_: unknown, door: Door) => door.twin("lowlight");
const alerts = (page: Page) => page.getByRole("alert").count();

/** Presses the button and waits for the result. */
async function brighten(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await page.getByRole("region", { name: "Result" }).waitFor();
}

/** The address that the shown result's program names. */
async function named(page: Page): Promise<string> {
  return (await page.locator(".snippet-code").textContent())?.split(/\s+/).find((word) => word.startsWith("http")) ?? "";
}

/** Refuses work as what stands between does: without the words of the functions. */
function between(status: number): Fault {
  return (seen, response) => {
    if (seen.method !== "POST") return false;
    response.writeHead(status, { "content-type": "text/html" }).end("<h1>no</h1>");
    return true;
  };
}

test("addresses: the first does the work, and the second is never asked for it", { at: "/enhance/lowlight", before: twin }, async ({ page, door, emulator }) => {
  await give(page, sample("cat_chelsea.jpg"));
  await brighten(page);
  const seen = await answered(door, GPU);
  assert.ok(seen.answer.equals(await again(emulator, { ...seen, fn: "lowlight" })), "the function's own answer");
  assert.equal(await named(page), new URL(`../${GPU}/`, door.page).href);
  assert.equal(door.work("lowlight").length, 0);
});

test("addresses: one that is away when the page opens is not asked; the other does the work, and nothing disturbs", { at: "/enhance/lowlight", expects: FAILED, before: (_, door) => door.fault(door.twin("lowlight"), dead) }, async ({ page, door, emulator }) => {
  await give(page, sample("cat_chelsea.jpg"));
  await brighten(page);
  const seen = await answered(door, "lowlight");
  assert.ok(seen.answer.equals(await again(emulator, seen)), "the function's own answer");
  assert.ok(seen.body.equals(sample("cat_chelsea.jpg").buffer));
  assert.equal(await alerts(page), 0);
  assert.equal(await page.locator(".strip").count(), 0, "nothing is said of it");
  assert.equal(await named(page), new URL("../lowlight/", door.page).href);
  await go(page, "/about");
  assert.equal(await page.getByRole("link", { name: "Page Lowlight" }).getAttribute("href"), new URL("../lowlight/", door.page).href);
});

for (const [what, fault] of [["gone (no answer)", dead], ["not ready (503)", refusing(503, Number.POSITIVE_INFINITY, { "retry-after": "20" })], ["broken (502)", between(502)], ["late (504 of a gateway)", between(504)]] as const) {
  test(`addresses: one that turns out to be ${what} is left at once for the other, and for a while`, { at: "/enhance/lowlight", expects: FAILED, before: twin }, async ({ page, door }) => {
    await until(() => door.seen.some((one) => one.fn === GPU && one.route === "readyz" && one.status === 200), "it was well at first");
    await give(page, sample("cat_chelsea.jpg"));
    door.fault(GPU, fault);
    const begun = performance.now();
    await brighten(page);
    // Where a kept connection turns out to be gone a browser tries its others by itself.
    const tried = door.work(GPU).length;
    const first = door.work(GPU).at(-1);
    const [second] = door.work("lowlight");
    assert.ok(first && second && performance.now() - begun < 15_000, "nobody waited for it");
    assert.ok(second.begun >= first.ended, "one after the other");
    assert.ok(second.body.equals(first.body) && second.query.toString() === first.query.toString(), "the same is asked");
    assert.equal(await alerts(page), 0);
    await page.getByRole("button", { name: "Brighten", exact: true }).click();
    await answered(door, "lowlight", 2);
    assert.equal(door.work(GPU).length, tried, "it is left alone for a while");
    // Seen well again, it is the first again.
    door.fault(GPU, null);
    await go(page, "/status");
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByRole("region", { name: "Lowlight: 1 · GPU" }).getByText("In use now").waitFor();
    await go(page, "/enhance/lowlight");
    await page.getByRole("button", { name: "Brighten", exact: true }).click();
    await answered(door, GPU);
    assert.equal(door.work("lowlight").length, 2);
  });
}

test("addresses: a busy one (429) is asked again as often as ever before the other is", { at: "/enhance/lowlight", expects: [/429/], before: twin }, async ({ page, door }) => {
  door.fault(GPU, refusing(429, Number.POSITIVE_INFINITY, { "retry-after": "0" }));
  await give(page, sample("cat_chelsea.jpg"));
  await brighten(page);
  assert.deepEqual([door.work(GPU).length, door.work("lowlight").length], [4, 1]);
});

test("addresses: where both are not ready the person waits, and where both are gone it is told", { at: "/enhance/lowlight", expects: [...FAILED, /503/], before: twin }, async ({ page, door }) => {
  door.fault(GPU, refusing(503, 1, { "retry-after": "1" }));
  door.fault("lowlight", dead);
  await give(page, sample("cat_chelsea.jpg"));
  await brighten(page);
  assert.deepEqual(door.work(GPU).map((one) => one.status), [503, 200]);
  door.fault(GPU, dead);
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await page.getByRole("alert").getByText(/can't be reached/).waitFor();
});

for (const status of [400, 413, 415, 422]) {
  test(`addresses: an answer stands, whatever it says (${status})`, { at: "/enhance/lowlight", expects: [new RegExp(String(status))], before: twin }, async ({ page, door }) => {
    door.fault(GPU, refusing(status, 1));
    await give(page, sample("cat_chelsea.jpg"));
    await page.getByRole("button", { name: "Brighten", exact: true }).click();
    await page.getByRole("alert").waitFor();
    assert.deepEqual([door.work(GPU).length, door.work("lowlight").length], [1, 0]);
  });
}

test("addresses: what is too large for one goes to the other where that tells a larger limit", { at: "/enhance/lowlight", expects: [/413/] }, async ({ page, door }) => {
  const limited = (max: Record<string, number>) => (told: Record<string, unknown>) => ({ ...told, store: null, limits: { ...(told["limits"] as object), ...max } });
  door.twin("lowlight");
  door.telling(GPU, limited({ max_pixels: 1 }));
  door.fault(GPU, refusing(413, 1));
  await page.reload();
  await give(page, sample("cat_chelsea.jpg"));
  await brighten(page);
  assert.deepEqual([door.work(GPU).length, door.work("lowlight").length], [1, 1], "refused by the first");
  door.telling(GPU, limited({ max_body_bytes: 1000 }));
  await page.reload();
  await give(page, sample("cat_chelsea.jpg"));
  await brighten(page);
  assert.deepEqual([door.work(GPU).length, door.work("lowlight").length], [1, 2], "not even sent to the first");
});

test("addresses: half an answer is told as ever, and is not asked for elsewhere", { at: "/enhance/lowlight", expects: FAILED, before: twin }, async ({ page, door }) => {
  const { promise: received, resolve: die } = Promise.withResolvers<void>();
  door.dying(GPU, 5000, received);
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await page.getByRole("status").getByText(/^Receiving/).first().waitFor();
  die();
  await page.getByRole("alert").getByText("The connection broke before the answer was whole. Try again.").waitFor();
  assert.equal(door.work("lowlight").length, 0);
});

test("addresses: a minute later one that failed is looked at again while the other works, and is the first again", { at: "/enhance/lowlight", expects: [/503/], before: twin }, async ({ page, door }) => {
  await page.clock.install();
  await page.reload();
  const looks = () => door.seen.filter((one) => one.fn === GPU && one.route === "readyz").length;
  await give(page, sample("cat_chelsea.jpg"));
  door.fault(GPU, refusing(503, 1));
  await brighten(page);
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await answered(door, "lowlight", 2);
  const before = looks();
  await page.clock.fastForward(61_000);
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await answered(door, "lowlight", 3);
  await until(() => looks() === before + 1, "it is looked at once more");
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await answered(door, GPU);
  assert.equal(door.work("lowlight").length, 3);
});

test("addresses: an upload, its work and what is kept of it stay at the address that took them", { at: "/detect/video", expects: [/503/], before: (_, door) => door.twin("detect") }, async ({ page, door }) => {
  // It takes the video, and is not ready for the work.
  door.fault("detect-gpu", (seen, response) => seen.route === "video" && refusing(503)(seen, response));
  await give(page, sample("video/cars.mp4"));
  await page.getByRole("button", { name: "Detect", exact: true }).click();
  await page.getByText("Every frame is done.").waitFor();
  for (const name of ["detect-gpu", "detect"]) {
    const steps = door.seen.filter((one) => one.fn === name && /^(uploads|video)/.test(one.route) && one.method !== "GET");
    assert.deepEqual(steps.map((one) => one.method), ["POST", "PUT", "POST"], name);
    const { id } = JSON.parse(String(steps[0]?.answer)) as { id: string };
    assert.ok(steps[2]?.query.get("upload") === id && id, `${name} works on what it took`);
    assert.ok(steps[1]?.body.equals(sample("video/cars.mp4").buffer), `${name} has the whole video`);
  }
  const file = await saved(page, () => page.getByRole("button", { name: "Save as AVI" }).click());
  assert.equal(file.bytes.subarray(0, 4).toString(), "RIFF");
  const fetched = door.seen.filter((one) => /^result/.test(one.route)).map((one) => one.fn);
  assert.deepEqual(fetched, ["detect"], "what is kept is fetched where it was made");
});

test("addresses: the camera goes on when one dies, and stays at the other", { at: "/detect/camera", expects: FAILED, before: (_, door) => door.twin("detect") }, async ({ page, door }) => {
  const frames = async () => Number((await page.locator(".detect-stage").getAttribute("data-frames")) || 0);
  await page.getByRole("button", { name: "Start the camera" }).click();
  await until(async () => (await frames()) >= 4, "frames come");
  assert.equal(door.work("detect").length, 0, "from the first address");
  door.fault("detect-gpu", dead);
  const stood = await frames();
  await until(async () => (await frames()) >= stood + 6, "frames go on");
  assert.equal(await alerts(page), 0);
  // It is back and seen well: this camera stays where it is, the next one begins there.
  door.fault("detect-gpu", null);
  const before = door.work("detect-gpu").length;
  await page.evaluate(() => globalThis.dispatchEvent(new Event("online")));
  await until(() => door.seen.at(-1)?.fn === "detect", "frames go on");
  await until(() => door.seen.findLast((one) => one.fn === "detect-gpu" && one.route === "readyz")?.status === 200, "it is seen well");
  const now = await frames();
  await until(async () => (await frames()) >= now + 4, "frames go on");
  assert.equal(door.work("detect-gpu").length, before, "at the address that has them");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Play from now" }).click();
  await until(() => door.work("detect-gpu").length > before, "another beginning, another choice");
});

test("addresses: a stop is a stop, nobody else is asked", { at: "/enhance/lowlight", before: twin }, async ({ page, door }) => {
  door.fault(GPU, (seen) => (seen.method === "POST" ? new Promise(() => {}) : false));
  await give(page, sample("cat_chelsea.jpg"));
  await page.getByRole("button", { name: "Brighten", exact: true }).click();
  await until(() => door.work(GPU).length === 1, "it is on its way");
  await page.getByRole("button", { name: "Stop" }).click();
  await until(() => door.work(GPU)[0]?.left, "the page hung up");
  assert.deepEqual([door.work("lowlight").length, await alerts(page)], [0, 0]);
});

// proves: B09
test("addresses: the status shows each, what runs there, how it is, and which is in use", { at: "/status", expects: FAILED, before: twin }, async ({ page, door }) => {
  const at = (number: number, what: string) => page.getByRole("region", { name: `Lowlight: ${number} · ${what}` });
  await at(1, "GPU").getByText("In use now").waitFor();
  await at(1, "GPU").getByText("Up and warm").waitFor();
  await at(2, "CPU").getByText("Up and warm").waitFor();
  assert.ok((await at(1, "GPU").textContent())?.includes(new URL(`../${GPU}/`, door.page).href));
  await accessible(page, "two addresses");
  await page.setViewportSize({ width: 360, height: 800 });
  await fits(page, "two addresses on a phone");
  door.fault(GPU, dead);
  await page.getByRole("button", { name: "Look again" }).click();
  await at(1, "GPU").getByText("Not reached").waitFor();
  await at(2, "CPU").getByText("In use now").waitFor();
  const all = await page.locator("li.status-row").count();
  await page.getByText(`${all} of ${all} are up.`).waitFor();
  door.fault(GPU, null);
  await at(1, "GPU").getByRole("button", { name: "Wake: Lowlight" }).click();
  await at(1, "GPU").getByText("In use now").waitFor();
  assert.ok(door.seen.some((one) => one.fn === GPU && one.route === "warmup"));
  assert.ok(!door.seen.some((one) => one.fn === "lowlight" && one.route === "warmup"), "the other one sleeps on");
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByText("有 2 个地址，按此顺序询问。").waitFor();
});

test("addresses: by the setting, at other origins; one that takes no request within five seconds is left", { expects: [...FAILED, /CORS|preflight/i] }, async ({ page, emulator }) => {
  // It tells of itself, but what comes before a picture from another origin it leaves without an answer.
  const hung: string[] = [];
  const gpu = createServer((incoming, response) => {
    hung.push(incoming.method ?? "");
    if (incoming.method !== "GET") return;
    const route = (incoming.url ?? "/").slice(1);
    void fetch(new URL(route, emulator.functions["lowlight"]), { headers: { accept: "application/json" } }).then(async (told) => {
      response.writeHead(told.status, { "content-type": "application/json", "access-control-allow-origin": "*" }).end(Buffer.from(await told.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => gpu.listen(0, "127.0.0.1", resolve));
  const first = `http://127.0.0.1:${(gpu.address() as AddressInfo).port}/`;
  const studio = spawn(join(root, "target/release/studio"), {
    cwd: root,
    env: { PORT: "0", FUNCTIONS: JSON.stringify({ lowlight: [first, emulator.functions["lowlight"]] }) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const address = /"address":"([^"]+)"/.exec(await said(studio, '"msg":"ready"'))?.[1] ?? "";
    await page.goto(`${address}/#/status`);
    await page.getByRole("region", { name: /^Lowlight: 1/ }).getByText("In use now").waitFor();
    await go(page, "/enhance/lowlight");
    await give(page, sample("cat_chelsea.jpg"));
    const begun = performance.now();
    await brighten(page);
    const passed = performance.now() - begun;
    assert.ok(passed > 4500 && passed < 20_000, `${passed} ms`);
    assert.ok(hung.includes("OPTIONS") && !hung.includes("POST"));
    assert.equal(await named(page), emulator.functions["lowlight"]);
    assert.equal(await alerts(page), 0);
  } finally {
    const ended = new Promise((resolve) => studio.once("exit", resolve));
    studio.kill("SIGTERM");
    gpu.closeAllConnections();
    gpu.close();
    await ended;
  }
});
