// Sending a picture (or a video) to a function: progress, retries, stopping, and failures in words.

import { HURRY, type Address } from "./address.ts";
import { exchange, Refused, type Received } from "./exchange.ts";
import type { Fn } from "./functions.ts";
import { passing } from "./passing.ts";
import { Problem } from "./problem.ts";
import { inTurn, toldOf } from "./turns.ts";
import { bytes } from "./words.ts";

export { Problem };

export type Options = Record<string, string | number | boolean>;

/** A request. */
export interface Ask {
  fn: Fn;
  /** The address that the work is at so far: it is asked first while it is well. In an answer's: the one that answered. */
  at?: Address | undefined;
  /** The route without its slash: "" for a picture, "video". */
  route?: string;
  body: Blob;
  options: Options;
  /** Options besides, where the address keeps a store. */
  stored?: Options;
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
  /** As it was asked, where it was answered. */
  ask: Ask & { at: Address };
}

/** How often a busy address is asked, and the longest that is waited for it each time, seconds. */
const TRIES = 4;
const PATIENCE = 30;
/** What the functions send back beside a whole body: room in the platform's limit. */
const ROOM = 64 << 10;

/**
 * Sends a request and gives its answer. A function's addresses are asked in turn, each the whole of it. A busy one (429, 503 with
 * `Retry-After`) is asked again a few times; a body larger than the platform takes in one request goes by upload, where the address
 * keeps a store.
 *
 * Fails with a `Problem`, or with an `AbortError` when `ask.signal` says stop.
 */
export function send(ask: Ask): Promise<Answer> {
  const uploads = new Map<Address, string>();
  return inTurn(ask, (at, hurry) => sendTo({ ...ask, at }, uploads, hurry));
}

/** `uploads`: the ids of what was brought there before. `hurry`: another address waits, so this one may be busy but not away. */
async function sendTo(ask: Ask & { at: Address }, uploads: Map<Address, string>, hurry: boolean): Promise<Answer> {
  const { at, body } = ask;
  if (!at.told.value) await (hurry ? Promise.race([at.look(), passing(HURRY, ask.signal)]) : at.look());
  const told = at.told.value;
  if (hurry && !told) throw new Refused(new Problem("unreachable", 0, null), null, true);
  const whole = { ...ask, options: { ...ask.options, ...(told?.store ? ask.stored : {}) } };
  const most = ask.route ? told?.limits.max_upload_bytes : told?.limits.max_bytes;
  if (most && body.size > most) throw tooLarge(body.size, most);
  const room = told?.limits.max_body_bytes ?? null;
  const tooMuch = room !== null && body.size > room - ROOM;
  if (tooMuch && !told?.store) throw tooLarge(body.size, room);
  const byUpload = tooMuch || (ask.upload && told?.store);
  for (let attempt = 1; ; attempt += 1) {
    const begun = performance.now();
    try {
      const upload = byUpload ? uploads.get(at) ?? (await uploaded(whole, hurry)) : null;
      if (upload) uploads.set(at, upload);
      const response = await exchange({
        method: "POST",
        url: requestUrl(whole, upload),
        headers: { ...headers(whole), ...(upload ? {} : { "content-type": body.type || "application/octet-stream" }) },
        body: upload ? null : body,
        within: hurry ? HURRY : undefined,
        ask: whole,
      });
      return answer(whole, response, (performance.now() - begun) / 1000);
    } catch (cause) {
      if (!(cause instanceof Refused) || cause.again === null) throw cause;
      if (hurry && cause.problem.status !== 429) throw cause;
      if (attempt === TRIES || ask.once) throw new Refused(cause.problem, null, cause.elsewhere);
      await wait(Math.min(cause.again, PATIENCE), ask);
    }
  }
}

function tooLarge(size: number, most: number): Refused {
  return new Refused(new Problem("tooLarge", 413, `${bytes(size)} > ${bytes(most)}`), null, true);
}

/** The address with the options as its query, as a person would call it. */
export function requestUrl(ask: Pick<Ask, "fn" | "at" | "route" | "options">, upload: string | null = null): string {
  const url = new URL((ask.at ?? ask.fn.first.value).at(ask.route ?? ""));
  for (const [name, value] of Object.entries(ask.options)) url.searchParams.set(name, String(value));
  if (upload) url.searchParams.set("upload", upload);
  return url.href;
}

function headers(ask: Ask & { at: Address }): Record<string, string> {
  return { accept: ask.accept, ...ask.headers, ...ask.at.headers() };
}

/**
 * Fetches what an address keeps, as a rendered video; `place` may be relative to it.
 *
 * Fails as `send` does.
 */
export async function fetchKept(ask: Pick<Ask, "fn" | "accept" | "signal" | "progress"> & { at: Address }, place: string): Promise<Blob> {
  const whole = { ...ask, body: new Blob(), options: {} };
  if (!URL.canParse(place, ask.at.url)) throw new Problem("strange", 0, null);
  const url = new URL(place, ask.at.url);
  // The key is the function's alone, wherever it says that its things lie.
  const own = url.origin === new URL(ask.at.url).origin;
  try {
    const received = await exchange({ method: "GET", url: url.href, headers: own ? headers(whole) : { accept: ask.accept }, body: null, large: true, ask: whole });
    if (!fits(received.body.type, ask.accept)) throw new Problem("strange", 200, null);
    return received.body;
  } catch (cause) {
    throw cause instanceof Refused ? await toldOf(cause, ask.fn) : cause;
  }
}

/** Announces the file, puts it where the address says, gives its id. */
async function uploaded(ask: Ask & { at: Address }, hurry: boolean): Promise<string> {
  const type = ask.body.type || "application/octet-stream";
  const within = hurry ? HURRY : undefined;
  const announced = await exchange({
    method: "POST",
    url: ask.at.at("uploads"),
    headers: { ...headers(ask), accept: "application/json", "content-type": "application/json" },
    body: new Blob([JSON.stringify({ type, length: ask.body.size })]),
    within,
    ask: { ...ask, progress: undefined, line: undefined },
  });
  const { id, url, headers: wanted } = place(await announced.body.text(), ask.at.url);
  await exchange({
    method: "PUT",
    url,
    headers: { "content-type": type, ...wanted },
    body: ask.body,
    within,
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
  return passing(forSeconds * 1000, ask.signal);
}

/** Whether an answer is of the kind that was asked for. Pages come from what stands between: a login, a proxy. */
function fits(type: string, accept: string): boolean {
  return accept.endsWith("/*") ? type.startsWith(accept.slice(0, -1)) : !type.startsWith("text/html");
}

function answer(ask: Answer["ask"], { body, header }: Received, seconds: number): Answer {
  const stages: Record<string, number> = {};
  for (const part of (header("server-timing") ?? "").split(",")) {
    const found = /^\s*([\w-]+);dur=([\d.]+)/.exec(part);
    if (found?.[1]) stages[found[1]] = Number(found[2]);
  }
  const model = header("x-model");
  const type = header("content-type") ?? body.type;
  if (!fits(type, ask.accept)) throw new Problem("strange", 200, null);
  ask.at.answered(seconds, model);
  return { body, type, seconds, stages, model, ask };
}
