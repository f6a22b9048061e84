// One browser, one emulator and one door for all tests; a test gets a fresh page and fails on any complaint it did not expect.

import { after, test as run } from "node:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { camera } from "./camera-file.ts";
import { launching, root } from "./chromium.ts";
import { start, type Emulator } from "./emulator.ts";
import { Door } from "./fakes.ts";
import { listen, visit, type Options } from "./visit.ts";

/** The longest a test may take; generous, since the machine may be busy. */
const TEST_MS = 180_000;

/** What a test works with. */
export interface Visit {
  page: Page;
  context: BrowserContext;
  door: Door;
  emulator: Emulator;
}

interface All {
  emulator: Emulator;
  door: Door;
  browser: Browser;
}

let all: Promise<All> | null = null;

/** Starts what is common to all tests, once. */
export function everything(): Promise<All> {
  all ??= (async () => {
    const [emulator, file] = await Promise.all([start(), camera()]);
    const door = await new Door(emulator).open();
    const browser = await chromium.launch(await launching(`--use-file-for-fake-video-capture=${file}`));
    return { emulator, door, browser };
  })();
  return all;
}

after(async () => {
  if (!all) return;
  const { emulator, door, browser } = await all;
  await browser.close();
  await door.close();
  await emulator.stop();
});

/** A test with a page of its own, opened at `at`. */
export function test(name: string, options: Options, body: (visit: Visit) => Promise<void>): void {
  run(name, { timeout: TEST_MS }, async () => {
    const { emulator, door, browser } = await everything();
    door.reset();
    const complaints: string[] = [];
    const context = await visit(browser, options);
    try {
      await options.before?.(context, door);
      const page = await context.newPage();
      listen(page, complaints);
      try {
        await page.goto(`${door.page}#${options.at ?? "/enhance"}`);
        await body({ page, context, door, emulator });
      } catch (cause) {
        await keepPicture(page, name);
        if (complaints.length > 0 && cause instanceof Error) cause.message += `\nthe page complained: ${complaints.join("\n")}`;
        throw cause;
      }
    } finally {
      await context.close();
    }
    const unexpected = complaints.filter((one) => !options.expects?.some((expected) => expected.test(one)));
    if (unexpected.length > 0) throw new Error(`the page complained:\n${unexpected.join("\n")}`);
  });
}

/** What the page looked like when a test failed: out/browser/NAME.png. */
async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(root, "out/browser");
  mkdirSync(folder, { recursive: true });
  const picture = await page.screenshot().catch(() => null);
  if (picture) writeFileSync(join(folder, `${name.replace(/\W+/g, "-")}.png`), picture);
}
