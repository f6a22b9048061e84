// The files in functions/studio/assets/, which the studio carries, are what its sources make.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { page } from "../../functions/studio/page/build.ts";
import { root } from "./chromium.ts";

function below(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map((entry) => join(entry.parentPath, entry.name)).sort().map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

test("assets: what is committed is what the sources make (`make page`)", async () => {
  const folder = mkdtempSync(join(tmpdir(), "studio-built-"));
  try {
    await page(folder);
    const [built, committed] = [below(folder), below(join(root, "functions/studio/assets"))];
    assert.deepEqual([...committed.keys()], [...built.keys()]);
    for (const [name, bytes] of built) assert.ok(committed.get(name)?.equals(bytes), `${name} is another one: run \`make page\``);
    assert.ok(built.size > 40 && built.has("index.html") && built.has("sw.js"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
