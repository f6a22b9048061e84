// A door in front of the page and the real functions, on one address, as the emulator has them. It writes down every request and its
// answer, and behaves badly where a test says so: slow, busy, dying in the middle, without a store. The sockets are real.

import { once } from "node:events";
import { createServer, request as ask, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as passing } from "node:timers/promises";
import type { Emulator } from "./emulator.ts";

/** A request that came by, and what was answered. */
export interface Seen {
  /** `studio` for the page's own files; `NAME-gpu` for the first of two addresses. */
  fn: string;
  method: string;
  /** Without its first slash: "" for a picture. */
  route: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** 0: nothing yet. */
  status: number;
  answer: Buffer;
  answerHeaders: IncomingHttpHeaders;
  /** Milliseconds of `performance.now()`; NaN while it goes on. */
  begun: number;
  ended: number;
  /** The page hung up before the answer was whole. */
  left: boolean;
}

/** Answers itself and says true, or lets the request through (changed, perhaps) and says false. */
export type Fault = (seen: Seen, response: ServerResponse) => Promise<boolean> | boolean;

/** Changes what a function tells of itself. */
type Rewrite = (told: Record<string, unknown>) => Record<string, unknown>;

const NOTHING = Buffer.alloc(0);

export class Door {
  /** Every request so far, oldest first. */
  readonly seen: Seen[] = [];
  /** The page's address. */
  page = "";
  #emulator: Emulator;
  #faults = new Map<string, Fault>();
  #elsewhere = new Map<string, string>();
  /** Further addresses, and whose they are. */
  #twins = new Map<string, string>();
  #deaths = new Map<string, Death>();
  #paces = new Map<string, number>();
  #rewrites = new Map<string, Rewrite>();
  #server = createServer((incoming, response) => void this.#serve(incoming, response).catch(() => response.destroy()));

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.page = `http://localhost:${(this.#server.address() as AddressInfo).port}/lambda-url/studio/`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As at the beginning: nothing seen, nothing wrong. */
  reset(): void {
    for (const left of [this.#faults, this.#elsewhere, this.#twins, this.#deaths, this.#paces, this.#rewrites]) left.clear();
    this.seen.length = 0;
  }

  /** A function misbehaves from now on; `null`: no more. Only what asks it for work is hit: GET / and the like stay. */
  fault(fn: string, fault: Fault | null): void {
    if (fault) this.#faults.set(fn, fault);
    else this.#faults.delete(fn);
  }

  /** A function's answers to POST end after so many bytes: once `then` is settled the connection is cut. */
  dying(fn: string, afterBytes: number, then: Promise<void> = Promise.resolve()): void {
    this.#deaths.set(fn, { afterBytes, then });
  }

  /** Between two lines of a function's answer of lines at least so much time passes. */
  pace(fn: string, milliseconds: number): void {
    this.#paces.set(fn, milliseconds);
  }

  /** A function is reached at another address. */
  elsewhere(fn: string, address: string): void {
    this.#elsewhere.set(fn, address);
  }

  /** A function has two addresses, `NAME-gpu` before its own; it answers at both, and tells of another provider at the first. Gives its name. */
  twin(fn: string): string {
    const name = `${fn}-gpu`;
    this.#twins.set(name, fn);
    this.telling(name, (told) => ({ ...told, provider: "cuda" }));
    return name;
  }

  /** What a function tells of itself (`GET /`) is changed, as if it were set up otherwise. */
  telling(fn: string, change: Rewrite): void {
    this.#rewrites.set(fn, change);
  }

  /** The requests for work that a function got: pictures, videos, not what it tells of itself. */
  work(fn: string): Seen[] {
    return this.seen.filter((one) => one.fn === fn && one.method === "POST" && (one.route === "" || one.route === "video"));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", this.page);
    const [, fn = "", route = ""] = /^\/lambda-url\/([\w-]+)(?:\/(.*))?$/.exec(url.pathname) ?? [];
    const seen: Seen = {
      fn, route, method: incoming.method ?? "", query: url.searchParams, headers: incoming.headers, body: NOTHING, status: 0, answer: NOTHING,
      answerHeaders: {}, begun: performance.now(), ended: Number.NaN, left: false,
    };
    this.seen.push(seen);
    response.on("close", () => {
      seen.ended = performance.now();
      seen.left = !response.writableFinished;
    });
    if (!fn) return void response.writeHead(404).end();
    const fault = this.#faults.get(fn);
    if (fault && (seen.method === "POST" || seen.method === "PUT")) {
      seen.body = Buffer.concat(await incoming.toArray());
      if (await fault(seen, response)) return void (seen.status = response.statusCode);
    } else if (fault && (await fault(seen, response))) return void (seen.status = response.statusCode);
    if (fn === "studio" && route === "functions.json") return this.#list(response, seen);
    await this.#through(incoming, response, seen, url);
  }

  /** Lets a request through to where it belongs, piece by piece in both directions. */
  #through(incoming: IncomingMessage, response: ServerResponse, seen: Seen, url: URL): Promise<void> {
    const own = this.#twins.get(seen.fn) ?? seen.fn;
    const base = seen.fn === "studio" ? this.#emulator.page : (this.#elsewhere.get(seen.fn) ?? this.#emulator.functions[own]);
    if (!base) return Promise.resolve(void response.writeHead(404).end());
    const rewrite = seen.method === "GET" && seen.route === "" ? this.#rewrites.get(seen.fn) : undefined;
    const target = new URL(`${seen.route}${url.search}`, base);
    return new Promise((resolve, reject) => {
      const headers = { ...incoming.headers };
      if (rewrite) delete headers["accept-encoding"];
      const onward = ask(target, { method: seen.method, headers }, (answered) => {
        seen.answerHeaders = answered.headers;
        const given = rewrite ? rewritten(answered, rewrite) : this.#paced(seen, answered);
        const { "content-length": _, ...head } = answered.headers;
        response.writeHead((seen.status = answered.statusCode ?? 0), rewrite ? head : answered.headers);
        const death = seen.method === "POST" ? this.#deaths.get(seen.fn) : undefined;
        this.#pass(given, response, seen, death).then(resolve, reject);
        answered.on("error", reject);
      });
      onward.on("error", reject);
      response.on("close", () => onward.destroy());
      if (incoming.readableEnded) return void onward.end(seen.body);
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("end", () => (seen.body = Buffer.concat(pieces)));
      incoming.pipe(onward);
    });
  }

  /** Passes an answer on, as far as it may live. */
  async #pass(given: AsyncIterable<Buffer>, response: ServerResponse, seen: Seen, death?: Death): Promise<void> {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of given) {
      pieces.push(piece);
      length += piece.length;
      const over = death ? length - death.afterBytes : -1;
      if (death && over >= 0) {
        response.write(piece.subarray(0, piece.length - over));
        await death.then;
        response.socket?.destroySoon();
        return;
      }
      if (!response.write(piece)) await Promise.race([once(response, "drain"), once(response, "close")]);
      if (response.destroyed) return;
    }
    seen.answer = Buffer.concat(pieces);
    response.end();
  }

  /** An answer of lines, no quicker than the test wants it. */
  async *#paced(seen: Seen, answered: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const pace = seen.route === "video" ? this.#paces.get(seen.fn) : undefined;
    if (pace === undefined) return yield* answered;
    for await (const piece of answered) {
      for (const line of piece.toString("latin1").split(/(?<=\n)/)) {
        yield Buffer.from(line, "latin1");
        await passing(pace);
      }
    }
  }

  /** The list with every function beside the page, where this door has them. */
  async #list(response: ServerResponse, seen: Seen): Promise<void> {
    const list = (await (await fetch(new URL("functions.json", this.#emulator.page))).json()) as { name: string }[];
    const beside = (name: string) => [...this.#twins].filter(([, fn]) => fn === name).map(([twin]) => twin).concat(name).map((one) => `../${one}/`);
    seen.status = 200;
    seen.answer = Buffer.from(JSON.stringify(list.map((one) => ({ ...one, urls: beside(one.name) }))));
    response.writeHead(200, { "content-type": "application/json" }).end(seen.answer);
  }
}

/** After how many bytes an answer ends, and what happens first. */
interface Death {
  afterBytes: number;
  then: Promise<void>;
}

/** A function's words of itself, changed. */
async function* rewritten(answered: IncomingMessage, rewrite: Rewrite): AsyncGenerator<Buffer> {
  yield Buffer.from(JSON.stringify(rewrite(JSON.parse(String(Buffer.concat(await answered.toArray()))))));
}

/** Each request for work waits before it is let through; the page may hang up meanwhile. */
export function slow(milliseconds: number): Fault {
  return async (seen, response) => {
    if (seen.method !== "POST") return false;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    await passing(milliseconds, undefined, { signal: gone.signal }).catch(() => {});
    return gone.signal.aborted;
  };
}

/** Refuses the next `times` requests for work, with the problem document of the functions. */
export function refusing(status: number, times = Number.POSITIVE_INFINITY, headers: Record<string, string> = {}): Fault {
  let left = times;
  return (seen, response) => {
    if (seen.method !== "POST" || left === 0) return false;
    left -= 1;
    const body = JSON.stringify({ type: "about:blank", title: "refused", status, detail: `refused with ${status}, as the test wants` });
    response.writeHead(status, { "content-type": "application/problem+json", "access-control-allow-origin": "*", ...headers }).end(body);
    return true;
  };
}

/** Hangs up on every request, whatever it asks. */
export const dead: Fault = (_, response) => {
  response.socket?.destroy();
  return true;
};
