// What a person does on the page, and what the real functions answer to the same request.

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Download, Page } from "playwright-core";
import { until } from "./visit.ts";
import { root } from "./chromium.ts";
import type { Emulator } from "./emulator.ts";
import type { Door, Seen } from "./fakes.ts";

/** A file to be given to the page. */
export interface Given {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** One of samples/: `cat_chelsea.jpg`, `video/cars.mp4`. */
export function sample(path: string): Given {
  const mimeType = path.endsWith(".mp4") ? "video/mp4" : "image/jpeg";
  return { name: basename(path), mimeType, buffer: readFileSync(join(root, "samples", path)) };
}

/** Chooses files, as by the system's dialog. */
export async function give(page: Page, ...files: Given[]): Promise<void> {
  await page.locator("main input[type=file]:not([capture])").first().setInputFiles(files);
}

/** The last request for work that a function answered; waits for it. */
export function answered(door: Door, fn: string, count = 1): Promise<Seen> {
  return until(() => {
    const done = door.work(fn).filter((one) => !Number.isNaN(one.ended) && one.status >= 200 && one.status < 300);
    return done.length >= count ? done.at(-1) : null;
  }, `answer ${count} of ${fn}`);
}

/** What the function itself answers to the same bytes and options, worked out anew. */
export async function again(emulator: Emulator, seen: Seen): Promise<Buffer> {
  const url = new URL(seen.route, emulator.functions[seen.fn]);
  url.search = seen.query.toString();
  const headers = { accept: seen.headers.accept ?? "*/*", "content-type": seen.headers["content-type"] ?? "", "cache-control": "no-store" };
  const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(seen.body) });
  if (!response.ok) throw new Error(`${seen.fn}: ${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Presses a button that saves a file; gives its name and bytes. */
export async function saved(page: Page, press: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]) as [Download, void];
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** Notes every text of the view's wait from now on; what it gives tells those so far. */
export async function waits(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const told: string[] = [];
    Object.assign(globalThis, { told });
    new MutationObserver(() => {
      const text = document.querySelector("main .busy [role=status]")?.textContent;
      if (text && told.at(-1) !== text) told.push(text);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { told: string[] }).told);
}
