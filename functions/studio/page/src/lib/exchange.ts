// One request on its way: what is sent, what comes back line by line, and why it was refused.

import { hasNetwork } from "./online.ts";
import { Problem, type Why } from "./problem.ts";
import type { Ask } from "./send.ts";

/** What a request that was stopped fails with. */
export function stopped(): DOMException {
  return new DOMException("stopped", "AbortError");
}

/** A failure at one address, before anything of an answer came. */
export class Refused extends Error {
  readonly problem: Problem;
  /** Seconds after which another try there may be worth it. */
  readonly again: number | null;
  /** Whether another address may do better: this one was not reached, is not ready, busy, or broken. Else what it says is the answer. */
  readonly elsewhere: boolean;
  constructor(problem: Problem, again: number | null, elsewhere: boolean) {
    super(problem.message);
    this.problem = problem;
    this.again = again;
    this.elsewhere = elsewhere;
  }
}

/** A request as it goes out; `ask` hears how it goes on. */
export interface Exchange {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Blob | null;
  /** Whether the answer may be as large as a video: it is not held in memory then. */
  large?: boolean;
  /** Milliseconds after which a body of which nothing is on its way yet is given up; none: as long as the browser has patience. */
  within?: number | undefined;
  ask: Ask;
}

export interface Received {
  body: Blob;
  header: (name: string) => string | null;
}

/** One request. Fails with a `Refused`, a `Problem` or an `AbortError`. XMLHttpRequest, because fetch does not tell how much of a body has been sent. */
export function exchange({ method, url, headers, body, large, within, ask }: Exchange): Promise<Received> {
  return new Promise((resolve, reject) => {
    if (ask.signal?.aborted) return reject(stopped());
    const request = new XMLHttpRequest();
    const lines = ask.line ? new Lines(ask.line) : null;
    request.open(method, url);
    // Of a `blob` Chromium tells nothing before it is whole, not even that its head is there.
    request.responseType = lines ? "text" : large ? "blob" : "arraybuffer";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    const late = within && body ? setTimeout(() => {
      reject(unreachable());
      request.abort();
    }, within) : undefined;
    request.upload.onprogress = (event) => {
      if (event.loaded > 0) clearTimeout(late);
      ask.progress?.({ stage: "sending", sent: event.total ? event.loaded / event.total : 0 });
    };
    request.upload.onload = () => {
      clearTimeout(late);
      ask.progress?.({ stage: "working" });
    };
    request.onprogress = (event) => {
      try {
        if (request.status < 400) lines?.take(request.responseText);
      } catch (cause) {
        reject(cause);
        return request.abort();
      }
      ask.progress?.({ stage: "receiving", bytes: event.loaded });
    };
    // At a failure `readyState` is 4 in any case: whether an answer had begun is noted when its head comes.
    let begun = false;
    request.onreadystatechange = () => {
      begun ||= request.readyState === 2;
    };
    request.onerror = async () => {
      if (!begun) return reject(unreachable());
      reject(new Problem((await hasNetwork()) ? "cut" : "offline", 0, null));
    };
    request.onload = () => {
      const type = request.getResponseHeader("content-type") ?? "";
      const given = new Blob([lines ? request.responseText : (request.response as ArrayBuffer | Blob)], { type });
      if (request.status < 200 || request.status >= 300) return void refused(request, given).then(reject, reject);
      try {
        lines?.end(request.responseText);
        resolve({ body: given, header: (name) => request.getResponseHeader(name) });
      } catch (cause) {
        reject(cause);
      }
    };
    request.onabort = () => reject(stopped());
    // A signal may outlive thousands of requests, as the camera's does: it must not hold what is over.
    const stop = () => request.abort();
    ask.signal?.addEventListener("abort", stop);
    request.onloadend = () => {
      clearTimeout(late);
      ask.signal?.removeEventListener("abort", stop);
    };
    request.send(body);
    // Nothing tells that a request without a body has been sent.
    if (!body) ask.progress?.({ stage: "working" });
  });
}

function unreachable(): Refused {
  return new Refused(new Problem("unreachable", 0, null), null, true);
}

/** Cuts a growing text into its lines; fails where one of them is broken. */
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
      if (line) this.#tell(parsed(line));
    }
  }
  end(text: string): void {
    this.take(`${text}\n`);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Problem("cut", 200, null);
  }
}

/** The most bytes of a refusal that are read, and the most letters of it that are shown. */
const LONGEST = { bytes: 64 << 10, letters: 500 };

async function refused(request: XMLHttpRequest, body: Blob): Promise<Refused> {
  const { status } = request;
  let detail: string | null = null;
  try {
    const told = (JSON.parse(await body.slice(0, LONGEST.bytes).text()) as { detail?: unknown }).detail;
    if (typeof told === "string") detail = told.slice(0, LONGEST.letters);
  } catch {
    // Not a problem document: something between here and the function answered.
  }
  const whys: Record<number, Why> = {
    401: "key", 403: "key", 413: "tooLarge", 415: "notAPicture", 422: "broken", 429: "busy", 502: "unreachable", 503: "notReady", 504: "deadline",
  };
  const why = whys[status] ?? (status >= 500 ? "failed" : "refused");
  const again = status === 429 || status === 503 ? pause(request.getResponseHeader("retry-after")) : null;
  // A limit of size or time that stands between is none of the function's, which would say more.
  const elsewhere = status === 429 || status === 502 || status === 503 || (detail === null && (status === 413 || status === 504));
  return new Refused(new Problem(why, status, detail), again, elsewhere);
}

/** Seconds that `Retry-After` asks for, by a number of them or by a date; 1 where it does not. */
function pause(header: string | null): number {
  if (header === null) return 1;
  const seconds = Number.isNaN(Number(header)) ? (Date.parse(header) - Date.now()) / 1000 : Number(header);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 1;
}
