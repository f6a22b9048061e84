// Sending a picture (or a video) to a function: progress, retries, stopping, and failures in words.

import { exchange, Refused, stopped, type Received } from "./exchange.ts";
import type { Fn } from "./functions.ts";
import { keyOf } from "./keys.ts";
import { Problem } from "./problem.ts";
import { bytes } from "./words.ts";

export { Problem };

export type Options = Record<string, string | number | boolean>;

/** A request. */
export interface Ask {
  fn: Fn;
  /** The route without its slash: "" for a picture, "video". */
  route?: string;
  body: Blob;
  options: Options;
  /** Media type of the answer. */
  accept: string;
  signal?: AbortSignal;
  /** Told as it goes on. */
  progress?: (state: Progress) => void;
  /** Told every whole line of an answer of lines, as it comes. */
  line?: (line: unknown) => void;
  /** Further headers, as `cache-control`. */
  headers?: Record<string, string>;
  /** By upload even where one request would do, if the function keeps a store: so its way there is seen. */
  upload?: boolean;
  /** Not tried again where the function is busy: it is of use now or not at all. */
  once?: boolean;
}

/** `sent` is the share 0..1 of the body that is on its way; waiting: seconds until the next try. */
export type Progress =
  | { stage: "sending"; sent: number }
  | { stage: "working" }
  | { stage: "receiving"; bytes: number }
  | { stage: "waiting"; seconds: number };

/** An answer. */
export interface Answer {
  body: Blob;
  type: string;
  /** From the first byte sent to the last received, the waiting for a new try left out. */
  seconds: number;
  /** The function's own stages, milliseconds, by `Server-Timing`. */
  stages: Record<string, number>;
  /** `variant@digest` */
  model: string | null;
  ask: Ask;
}

/** How often a busy function is asked again, and the longest that is waited for it each time, seconds. */
const TRIES = 4;
const PATIENCE = 30;
/** What the functions send back beside a whole body: room in the platform's limit. */
const ROOM = 64 << 10;

/**
 * Sends a request and gives its answer. A busy function (429, 503 with `Retry-After`) is asked again a few times; a body larger than
 * the platform takes in one request goes by upload, where the function keeps a store.
 *
 * Fails with a `Problem`, or with an `AbortError` when `ask.signal` says stop.
 */
export async function send(ask: Ask): Promise<Answer> {
  if (!ask.fn.told.value) await ask.fn.look();
  const limits = ask.fn.told.value?.limits;
  const most = ask.route ? limits?.max_upload_bytes : limits?.max_bytes;
  if (most && ask.body.size > most) throw new Problem("tooLarge", 413, `${bytes(ask.body.size)} > ${bytes(most)}`);
  const tooMuch = limits?.max_body_bytes != null && ask.body.size > limits.max_body_bytes - ROOM;
  const store = ask.fn.told.value?.store;
  if (tooMuch && !store) throw new Problem("tooLarge", 413, `${bytes(ask.body.size)} > ${bytes(limits.max_body_bytes ?? 0)}`);
  const byUpload = tooMuch || (ask.upload && store);
  let upload: string | null = null;
  for (let attempt = 1; ; attempt += 1) {
    const begun = performance.now();
    try {
      if (byUpload) upload ??= await uploaded(ask);
      const url = address(ask, upload);
      const response = await exchange({
        method: "POST",
        url,
        headers: { ...headers(ask), ...(upload ? {} : { "content-type": ask.body.type || "application/octet-stream" }) },
        body: upload ? null : ask.body,
        ask,
      });
      const found = answer(ask, response, (performance.now() - begun) / 1000);
      ask.fn.health.value = "up";
      return found;
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause;
      const { problem, again } = cause;
      if (again === null || attempt === TRIES || ask.once) throw problem;
      await wait(Math.min(again, PATIENCE), ask);
    }
  }
}

/** The address with the options as its query, as a person would call it. */
export function address(ask: Pick<Ask, "fn" | "route" | "options">, upload: string | null = null): string {
  const url = new URL(ask.route ?? "", ask.fn.address);
  for (const [name, value] of Object.entries(ask.options)) url.searchParams.set(name, String(value));
  if (upload) url.searchParams.set("upload", upload);
  return url.href;
}

function headers(ask: Ask): Record<string, string> {
  const key = keyOf(ask.fn);
  return { accept: ask.accept, ...ask.headers, ...(key ? { authorization: `Bearer ${key}` } : {}) };
}

/**
 * Fetches what a function keeps, as a rendered video; `address` may be relative to the function's.
 *
 * Fails as `send` does.
 */
export async function fetchKept(ask: Pick<Ask, "fn" | "accept" | "signal" | "progress">, address: string): Promise<Blob> {
  const whole: Ask = { ...ask, body: new Blob(), options: {} };
  if (!URL.canParse(address, ask.fn.address)) throw new Problem("strange", 0, null);
  const url = new URL(address, ask.fn.address);
  // The key is the function's alone, wherever it says that its things lie.
  const own = url.origin === new URL(ask.fn.address).origin;
  try {
    const received = await exchange({ method: "GET", url: url.href, headers: own ? headers(whole) : { accept: ask.accept }, body: null, large: true, ask: whole });
    if (!fits(received.body.type, ask.accept)) throw new Problem("strange", 200, null);
    return received.body;
  } catch (cause) {
    throw cause instanceof Refused ? cause.problem : cause;
  }
}

/** Announces the file, puts it where the function says, gives its id. */
async function uploaded(ask: Ask): Promise<string> {
  const type = ask.body.type || "application/octet-stream";
  const announced = await exchange({
    method: "POST",
    url: ask.fn.at("uploads"),
    headers: { ...headers(ask), accept: "application/json", "content-type": "application/json" },
    body: new Blob([JSON.stringify({ type, length: ask.body.size })]),
    ask: { ...ask, progress: undefined, line: undefined },
  });
  const { id, url, headers: wanted } = place(await announced.body.text(), ask.fn.address);
  await exchange({
    method: "PUT",
    url,
    headers: { "content-type": type, ...wanted },
    body: ask.body,
    ask: { ...ask, line: undefined },
  });
  return id;
}

interface Place {
  id: string;
  url: string;
  headers: Record<string, string>;
}

/** Where a file is to be put. Fails where the answer does not tell. */
function place(text: string, base: string): Place {
  try {
    const { id, url, headers } = JSON.parse(text) as Partial<Place>;
    if (typeof id === "string" && typeof url === "string") return { id, url: new URL(url, base).href, headers: headers ?? {} };
  } catch {
    // Told below.
  }
  throw new Problem("strange", 201, null);
}

function wait(forSeconds: number, ask: Ask): Promise<void> {
  ask.progress?.({ stage: "waiting", seconds: forSeconds });
  return new Promise((resolve, reject) => {
    if (ask.signal?.aborted) return reject(stopped());
    const stop = () => {
      clearTimeout(timer);
      reject(stopped());
    };
    const timer = setTimeout(() => {
      ask.signal?.removeEventListener("abort", stop);
      resolve();
    }, forSeconds * 1000);
    ask.signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Whether an answer is of the kind that was asked for. Pages come from what stands between: a login, a proxy. */
function fits(type: string, accept: string): boolean {
  return accept.endsWith("/*") ? type.startsWith(accept.slice(0, -1)) : !type.startsWith("text/html");
}

function answer(ask: Ask, { body, header }: Received, seconds: number): Answer {
  const stages: Record<string, number> = {};
  for (const part of (header("server-timing") ?? "").split(",")) {
    const found = /^\s*([\w-]+);dur=([\d.]+)/.exec(part);
    if (found?.[1]) stages[found[1]] = Number(found[2]);
  }
  const model = header("x-model");
  const type = header("content-type") ?? body.type;
  if (!fits(type, ask.accept)) throw new Problem("strange", 200, null);
  ask.fn.last.value = seconds;
  ask.fn.lastModel.value = model;
  return { body, type, seconds, stages, model, ask };
}
