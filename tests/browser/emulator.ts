// The functions and the page, as `make run` starts them: one emulator for all tests, with a store of its own.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./chromium.ts";

/** Where the real functions and the page answer. Addresses end in a slash. */
export interface Emulator {
  page: string;
  /** By name; `studio` is none of them. */
  functions: Record<string, string>;
  stop(): Promise<void>;
}

/** Every folder under functions/ with a Cargo.toml, as in the Makefile. */
function names(): string[] {
  return readdirSync(join(root, "functions"))
    .filter((name) => existsSync(join(root, "functions", name, "Cargo.toml")))
    .sort();
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Starts it, or uses the page that PAGE names (a running one, beside running functions). */
export async function start(): Promise<Emulator> {
  const running = process.env["PAGE"];
  if (running) return { page: running, functions: await listed(running), stop: async () => {} };
  const port = await freePort();
  const { stop } = await run([String(port), ...names()], "Every function answers");
  const page = `http://127.0.0.1:${port}/lambda-url/studio/`;
  return { page, functions: await listed(page), stop };
}

/** Runs `make run`'s program until it has said that; with a store of its own. */
export async function run(words: string[], last: string): Promise<{ text: string; stop(): Promise<void> }> {
  const store = mkdtempSync(join(tmpdir(), "studio-store-"));
  const turbo = readFileSync(join(root, ".tools/turbo"), "utf8").split(/\s+/).filter(Boolean);
  const child = spawn("python3", ["tools/run.py", ...words, "--", ...turbo], {
    cwd: root,
    env: { ...process.env, STORE: store, FFMPEG: join(root, ".tools/ffmpeg") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    text: await said(child, last),
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(store, { recursive: true, force: true });
    },
  };
}

/** These functions and the page by their own HTTP doors, without an emulator between. */
export async function doors(...functions: string[]): Promise<Emulator> {
  const children: ChildProcess[] = [];
  const open = async (name: string, settings: Record<string, string>) => {
    const child = spawn(join(root, "target/release", name), {
      cwd: root,
      env: { PORT: "0", MODELS: join(root, "models"), ORT_DYLIB_PATH: join(root, ".tools/onnxruntime/libonnxruntime.so"), FFMPEG: join(root, ".tools/ffmpeg"), ...settings },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const ready = await said(child, '"msg":"ready"');
    return `${/"address":"([^"]+)"/.exec(ready)?.[1]}/`;
  };
  const addresses: Record<string, string> = {};
  for (const name of functions) addresses[name] = await open(name, {});
  const page = await open("studio", { FUNCTIONS: JSON.stringify(addresses) });
  const ended = () => children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  return {
    page,
    functions: addresses,
    stop: async () => {
      const all = ended();
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(all);
    },
  };
}

/** Waits until a child has written that, and gives all that it wrote; what it wrote before stands in the failure. */
export function said(child: ChildProcess, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text = (text + part).slice(-20_000);
      if (text.includes(words)) resolve(text);
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code} before it said ${JSON.stringify(words)}:\n${text}`)));
  });
}

async function listed(page: string): Promise<Record<string, string>> {
  const list = (await (await fetch(new URL("functions.json", page))).json()) as { name: string; urls: [string] }[];
  return Object.fromEntries(list.map(({ name, urls: [url] }) => [name, new URL(url, page).href]));
}
