// Sending a picture (or a video) to a function: progress, retries, stopping, and failures in words.

import { bytes, words } from "./words.ts";
import type { Fn } from "./functions.ts";
import { keyOf } from "./keys.ts";

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
  /** Where the function keeps the answer, if it does. */
  kept: string | null;
  ask: Ask;
}

export type Why = "offline" | "unreachable" | "key" | "busy" | "notReady" | "tooLarge" | "notAPicture" | "broken" | "refused" | "deadline" | "failed" | "cut";

/** A request that brought no answer: a sentence for the person in `message`, the function's own in `detail`. */
export class Problem extends Error {
  readonly why: Why;
  readonly status: number;
  readonly detail: string | null;
  constructor(why: Why, status: number, detail: string | null, values: Record<string, string> = {}) {
    super(say(why, values));
    this.why = why;
    this.status = status;
    this.detail = detail;
  }
}

const say = words(
  {
    offline: "This device has no network. Your picture is still here: try again when it is back.",
    unreachable: "The function can't be reached. Check that it runs, then try again.",
    key: "This function asks for a key. Enter one under Status.",
    busy: "The function is busy with others. Try again in a moment.",
    notReady: "The function is not ready yet. Try again in a moment.",
    tooLarge: "The file is too large for this function. Let the page shrink it first.",
    notAPicture: "The function can't read this kind of file.",
    broken: "The file is broken: it can't be read.",
    refused: "The function did not accept the request.",
    deadline: "It took longer than the function allows. A smaller picture is faster.",
    failed: "Something went wrong in the function. Try again.",
    cut: "The connection broke before the answer was whole. Try again.",
  },
  {
    offline: "设备没有网络。图片还在，恢复后请重试。",
    unreachable: "无法连接到该功能。请确认它正在运行，然后重试。",
    key: "该功能需要密钥。请在“状态”中输入。",
    busy: "该功能正忙。请稍后再试。",
    notReady: "该功能尚未就绪。请稍后再试。",
    tooLarge: "文件对该功能来说太大。请先让页面缩小它。",
    notAPicture: "该功能无法读取这种文件。",
    broken: "文件已损坏，无法读取。",
    refused: "该功能没有接受请求。",
    deadline: "用时超过了允许的上限。图片小一些会更快。",
    failed: "功能内部出错。请重试。",
    cut: "答复还没收完连接就断了。请重试。",
  },
);

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
  if (!navigator.onLine) throw new Problem("offline", 0, null);
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
      if (!upload) ask.fn.health.value = "up";
      return answer(ask, response, (performance.now() - begun) / 1000);
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
  const key = keyOf(ask.fn.name);
  return { accept: ask.accept, ...ask.headers, ...(key ? { authorization: `Bearer ${key}` } : {}) };
}

/**
 * Fetches what a function keeps, as a rendered video; `address` may be relative to the function's.
 *
 * Fails as `send` does.
 */
export async function fetchKept(ask: Pick<Ask, "fn" | "accept" | "signal" | "progress">, address: string): Promise<Blob> {
  const whole: Ask = { ...ask, body: new Blob(), options: {} };
  try {
    return (await exchange({ method: "GET", url: ask.fn.at(address), headers: headers(whole), body: null, ask: whole })).body;
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
  const { id, url, headers: wanted } = JSON.parse(await announced.body.text()) as { id: string; url: string; headers?: Record<string, string> };
  await exchange({
    method: "PUT",
    url: new URL(url, ask.fn.address).href,
    headers: { "content-type": type, ...wanted },
    body: ask.body,
    ask: { ...ask, line: undefined },
  });
  return id;
}

function wait(forSeconds: number, ask: Ask): Promise<void> {
  ask.progress?.({ stage: "waiting", seconds: forSeconds });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, forSeconds * 1000);
    ask.signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(stopped());
    });
  });
}

function stopped(): DOMException {
  return new DOMException("stopped", "AbortError");
}

/** A failure that may be worth another try after `again` seconds. */
class Refused extends Error {
  readonly problem: Problem;
  readonly again: number | null;
  constructor(problem: Problem, again: number | null) {
    super(problem.message);
    this.problem = problem;
    this.again = again;
  }
}

interface Exchange {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Blob | null;
  ask: Ask;
}

interface Received {
  body: Blob;
  header: (name: string) => string | null;
}

/** One request. XMLHttpRequest, because fetch does not tell how much of a body has been sent. */
function exchange({ method, url, headers, body, ask }: Exchange): Promise<Received> {
  return new Promise((resolve, reject) => {
    if (ask.signal?.aborted) return reject(stopped());
    const request = new XMLHttpRequest();
    const lines = ask.line ? new Lines(ask.line) : null;
    request.open(method, url);
    request.responseType = lines ? "text" : "blob";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => ask.progress?.({ stage: "sending", sent: event.total ? event.loaded / event.total : 0 });
    request.upload.onload = () => ask.progress?.({ stage: "working" });
    request.onprogress = (event) => {
      if (request.status < 400) lines?.take(request.responseText);
      ask.progress?.({ stage: "receiving", bytes: event.loaded });
    };
    // At a failure `readyState` is 4 in any case: whether an answer had begun is noted when its head comes.
    let begun = false;
    request.onreadystatechange = () => {
      begun ||= request.readyState === 2;
    };
    request.onerror = () => {
      const why: Why = navigator.onLine ? (begun ? "cut" : "unreachable") : "offline";
      if (why === "unreachable") ask.fn.health.value = "down";
      reject(new Problem(why, 0, null));
    };
    request.onload = async () => {
      const given = lines ? new Blob([request.responseText]) : (request.response as Blob);
      if (request.status >= 200 && request.status < 300) {
        lines?.end(request.responseText);
        return resolve({ body: given, header: (name) => request.getResponseHeader(name) });
      }
      reject(await refused(request, given));
    };
    request.onabort = () => reject(stopped());
    ask.signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

/** Cuts a growing text into its lines. */
class Lines {
  #from = 0;
  #tell: (line: unknown) => void;
  constructor(tell: (line: unknown) => void) {
    this.#tell = tell;
  }
  take(text: string): void {
    for (let end = text.indexOf("\n", this.#from); end >= 0; end = text.indexOf("\n", this.#from)) {
      const line = text.slice(this.#from, end).trim();
      this.#from = end + 1;
      if (line) this.#tell(JSON.parse(line));
    }
  }
  end(text: string): void {
    this.take(`${text}\n`);
  }
}

async function refused(request: XMLHttpRequest, body: Blob): Promise<Refused> {
  const { status } = request;
  let detail: string | null = null;
  try {
    detail = (JSON.parse(await body.text()) as { detail?: string }).detail ?? null;
  } catch {
    // Not a problem document: something between here and the function answered.
  }
  const whys: Record<number, Why> = {
    401: "key", 403: "key", 413: "tooLarge", 415: "notAPicture", 422: "broken", 429: "busy", 502: "unreachable", 503: "notReady", 504: "deadline",
  };
  const why = whys[status] ?? (status >= 500 ? "failed" : "refused");
  const header = request.getResponseHeader("retry-after");
  const seconds = header === null ? null : Number(header);
  const again = status === 429 || status === 503 ? (seconds !== null && Number.isFinite(seconds) ? seconds : 1) : null;
  return new Refused(new Problem(why, status, detail), again);
}

function answer(ask: Ask, { body, header }: Received, seconds: number): Answer {
  const stages: Record<string, number> = {};
  for (const part of (header("server-timing") ?? "").split(",")) {
    const found = /^\s*([\w-]+);dur=([\d.]+)/.exec(part);
    if (found?.[1]) stages[found[1]] = Number(found[2]);
  }
  const model = header("x-model");
  const kept = header("content-location");
  ask.fn.last.value = seconds;
  ask.fn.lastModel.value = model;
  return { body, type: header("content-type") ?? body.type, seconds, stages, model, kept: kept && new URL(kept, ask.fn.address).href, ask };
}
