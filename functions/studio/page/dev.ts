// Serves the page from its sources, built anew at every visit, beside functions that run elsewhere.
//
//     node dev.ts [PORT] [ADDRESS]        9100 and http://localhost:9000/lambda-url/ (`make run`) where nothing else is said

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { page } from "./build.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const port = Number(process.argv[2] ?? 9100);
const address = process.argv[3] ?? "http://localhost:9000/lambda-url/";
const folder = mkdtempSync(join(tmpdir(), "studio-"));
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".mp4": "video/mp4",
  ".webmanifest": "application/manifest+json",
};
const policy =
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; ` +
  `connect-src 'self' ${new URL(address).origin}; worker-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; ` +
  `form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'`;

function listed(): string {
  const models = join(root, "models");
  const functions = readdirSync(models).flatMap((name) => {
    try {
      const { title, summary, task } = JSON.parse(readFileSync(join(models, name, "default/model.json"), "utf8"));
      return [{ name, urls: [`${address}${name}/`], card: { title, summary, task } }];
    } catch {
      return [];
    }
  });
  return JSON.stringify(functions);
}

createServer(async (request, response) => {
  const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname).slice(1) || "index.html";
  try {
    if (path === "index.html") await page(folder);
    const body =
      path === "functions.json" ? listed()
      : path === "about.json" ? JSON.stringify({ version: "dev", feedback: "https://example.org/feedback", page: null })
      : readFileSync(join(path.startsWith("samples/") ? root : folder, path));
    const headers: Record<string, string> = { "content-type": types[extname(path)] ?? "application/octet-stream", "cache-control": "no-store" };
    if (path === "index.html") headers["content-security-policy"] = policy;
    response.writeHead(200, headers).end(body);
  } catch (cause) {
    response.writeHead(404).end(String(cause));
  }
}).listen(port, "localhost", () => console.log(`http://localhost:${port}/`));
