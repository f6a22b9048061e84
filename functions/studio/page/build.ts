// Builds the page: src/ and public/ into ../assets, or into the folder named. Names of what is bundled carry a hash of the content.
//
//     node build.ts [FOLDER]

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const shared: BuildOptions = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2023", "chrome120", "firefox121", "safari17"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
};

/** Writes the page into `folder`, whose former content goes. */
export async function page(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Words on where pictures come from stay with the sources; the page tells them itself.
  cpSync(join(here, "public"), folder, { recursive: true, filter: (path) => !path.endsWith(".md") });
  const bundled = await build({
    ...shared,
    entryPoints: ["src/main.tsx", "src/styles/app.css"],
    outdir: join(folder, "app"),
    splitting: true,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    metafile: true,
  });
  const built = Object.entries(bundled.metafile.outputs);
  const of = (source: string) => {
    const found = built.find(([, output]) => output.entryPoint === source);
    if (!found) throw new Error(`nothing was built of ${source}`);
    return relative(folder, join(here, found[0])).replaceAll("\\", "/");
  };
  // The parts of the first view are fetched at once, not one after the other.
  const parts = new Set<string>();
  const add = (file: string) => {
    if (parts.has(file)) return;
    parts.add(file);
    for (const one of bundled.metafile.outputs[relative(here, join(folder, file))]?.imports ?? []) {
      if (one.kind === "import-statement") add(relative(folder, join(here, one.path)));
    }
  };
  add(of("src/main.tsx"));
  add(of("src/views/enhance/view.tsx"));
  const html = readFileSync(join(here, "src/index.html"), "utf8")
    .replace("MAIN.js", of("src/main.tsx"))
    .replace("APP.css", of("src/styles/app.css"))
    .replace("    PARTS\n", [...parts].slice(1).map((part) => `    <link rel="modulepreload" href="${part}" />\n`).join(""));
  writeFileSync(join(folder, "index.html"), html);
  // What opens without network: all of the above; its small pictures are kept once they were seen. A new version has another name of its store.
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
  const version = createHash("sha256");
  for (const file of files) version.update(file).update(readFileSync(join(folder, file)));
  await build({
    ...shared,
    entryPoints: ["src/worker/sw.ts"],
    outfile: join(folder, "sw.js"),
    define: {
      FILES: JSON.stringify(files.filter((file) => !/^(paintings|thumbnails)\//.test(file)).map((file) => (file === "index.html" ? "./" : file))),
      VERSION: JSON.stringify(version.digest("hex").slice(0, 12)),
    },
  });
}

if (import.meta.main) await page(process.argv[2] ?? join(here, "../assets"));
