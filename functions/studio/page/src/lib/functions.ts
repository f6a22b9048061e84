// The functions: which there are, what they tell of themselves, and how they are.

import { signal, type Signal } from "@preact/signals";
import { keyOf } from "./keys.ts";

/** A line of `functions.json`. */
export interface Listed {
  name: string;
  url: string;
  card: { title: string; summary: string; task: Task } | null;
}

export type Task = "picture" | "labels" | "boxes";

/** What `GET /` of a function tells (the members that the page uses). */
export interface Told {
  name: string;
  title: string;
  summary: string;
  version: string;
  default_model: string;
  limits: {
    max_bytes: number;
    max_upload_bytes: number;
    max_pixels: number;
    max_body_bytes: number | null;
    max_answer_bytes: number | null;
    deadline_s: number;
    job_deadline_s: number;
    requests_per_minute: number | null;
  };
  /** Null where the function keeps nothing. */
  store: { kept_s: number } | null;
  /** Whether it asks for a key. */
  keys: boolean;
  retention: string;
  /** What runs the networks: `cpu`, `cuda`, ... */
  provider?: string;
}

/** What `GET /models/VARIANT` tells beyond the tree (the members that the page uses). */
export interface Detail {
  serves: { precision: string; provider: string };
  weights: { file: string; bytes: number; precision: string; sha256: string; parameters?: number }[];
}

/** A painting that a network knows. */
export interface Style {
  name: string;
  title: string;
  painter: string;
  year: string;
  lines: string;
  palette: string[];
  rights: string;
}

/** A variant of a function: a leaf of the tree that `GET /models` gives. */
export interface Variant {
  name: string;
  title: string;
  description: string;
  type: Task;
  scale: number;
  paper: string | null;
  licence: string;
  status: string;
  reason: string | null;
  serves: string;
  styles: Style[];
  quality: { set: string; metric: string; unit: string; precision: string; input?: number; value: number }[];
  speed: { size: string; precision: string; threads: number; seconds: number }[];
}

/** `asking` until the first answer; `cold`: reached, but not warm yet; `down`: not reached; `offline`: this device has no network. */
export type Health = "asking" | "up" | "cold" | "down" | "offline";

/** How long a function may take to tell of itself, milliseconds: one that begins anew needs a while. */
const PATIENCE = 30_000;

/** One function. Its signals change as it is asked. */
export class Fn {
  readonly name: string;
  readonly address: string;
  readonly card: Listed["card"];
  readonly told: Signal<Told | null> = signal(null);
  readonly health: Signal<Health> = signal("asking");
  /** Seconds of the last answer to a picture, from press to picture. */
  readonly last: Signal<number | null> = signal(null);
  /** The model that gave it: `variant@digest`. */
  readonly lastModel: Signal<string | null> = signal(null);
  #openapi: Promise<OpenApi> | null = null;
  #variants: Promise<Variant[]> | null = null;

  constructor(listed: Listed) {
    this.name = listed.name;
    this.card = listed.card;
    const url = new URL(listed.url, document.baseURI);
    this.address = url.href.endsWith("/") ? url.href : `${url.href}/`;
  }

  /** The address of one of its routes, which begins without a slash. */
  at(route: string): string {
    return new URL(route, this.address).href;
  }

  get task(): Task {
    return this.card?.task ?? "picture";
  }

  /** Asks how it is, and what it tells of itself. Never fails: `health` tells. */
  async look(): Promise<void> {
    try {
      // What it tells may come from an earlier visit; whether it is ready must be asked.
      const told = this.#json<Told>("").then((told) => (this.told.value = told));
      const [ready] = await Promise.all([fetch(this.at("readyz"), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }), told]);
      this.health.value = ready.ok ? "up" : "cold";
    } catch {
      this.health.value = (await hasNetwork()) ? "down" : "offline";
    }
  }

  /** Its OpenAPI document, fetched once. */
  openapi(): Promise<OpenApi> {
    this.#openapi ??= this.#json<OpenApi>("openapi.json").catch((cause: unknown) => {
      this.#openapi = null;
      throw cause;
    });
    return this.#openapi;
  }

  /** Its variants, fetched once. */
  variants(): Promise<Variant[]> {
    this.#variants ??= this.#json<Tree>("models").then(leaves).catch((cause: unknown) => {
      this.#variants = null;
      throw cause;
    });
    return this.#variants;
  }

  /** More of one variant. */
  detail(variant: string): Promise<Detail> {
    return this.#json<Detail>(`models/${variant}`);
  }

  /** Has it make itself ready; gives the seconds that it took, or null where it did not answer. */
  async wake(): Promise<number | null> {
    const begun = performance.now();
    const key = keyOf(this);
    try {
      const response = await fetch(this.at("warmup"), { method: "POST", headers: key ? { authorization: `Bearer ${key}` } : {} });
      await this.look();
      return response.ok ? (performance.now() - begun) / 1000 : null;
    } catch {
      await this.look();
      return null;
    }
  }

  async #json<T>(route: string): Promise<T> {
    const key = keyOf(this);
    const headers: Record<string, string> = { accept: "application/json" };
    if (key) headers["authorization"] = `Bearer ${key}`;
    const response = await fetch(this.at(route), { headers, signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`${this.name}/${route}: ${response.status}`);
    return (await response.json()) as T;
  }
}

/** What the page reads of an OpenAPI document. */
export interface OpenApi {
  paths: Record<string, { post?: { parameters?: Parameter[] } }>;
}

/** A parameter of a request; its schema has the range. */
export interface Parameter {
  name: string;
  in: string;
  description?: string;
  schema: Schema;
}

export interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  enum?: (string | number)[];
  oneOf?: { const: string; description?: string }[];
  not?: { multipleOf?: number };
  pattern?: string;
  "x-models"?: string[];
  "x-names"?: string[] | null;
}

let asked: Promise<boolean> | null = null;

/** Whether the page's own server is reached: browsers often believe in a network that leads nowhere. By HEAD, which no offline copy answers. */
export function hasNetwork(): Promise<boolean> {
  if (!navigator.onLine) return Promise.resolve(false);
  asked ??= fetch("functions.json", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(5000) }).then(() => true, () => false).finally(() => (asked = null));
  return asked;
}

interface Tree extends Partial<Variant> {
  children?: Tree[];
}

function leaves(tree: Tree): Variant[] {
  if (tree.type) return [tree as Variant];
  return (tree.children ?? []).flatMap(leaves);
}

/** All functions, in the list's order; null until the list is there. */
export const functions = signal<Fn[] | null>(null);
/** Whether the list itself could not be had. */
export const listFailed = signal(false);

/** Fetches the list, then looks at each function. */
export async function load(): Promise<void> {
  try {
    const response = await fetch("functions.json");
    if (!response.ok) throw new Error(String(response.status));
    functions.value = ((await response.json()) as Listed[]).map((listed) => new Fn(listed));
    listFailed.value = false;
  } catch {
    listFailed.value = true;
    return;
  }
  await lookAll();
}

/** Looks at every function again. */
export async function lookAll(): Promise<void> {
  await Promise.all((functions.value ?? []).map((one) => one.look()));
}

/** The functions of a task. */
export function ofTask(task: Task): Fn[] {
  return (functions.value ?? []).filter((one) => one.task === task);
}

/** The function of that name. */
export function byName(name: string | undefined): Fn | undefined {
  return (functions.value ?? []).find((one) => one.name === name);
}

globalThis.addEventListener("online", () => void lookAll());
// Where the browser does not notice that the network is back, the page does.
setInterval(() => {
  const lost = (functions.value ?? []).some((one) => one.health.value === "offline");
  if (lost && document.visibilityState === "visible") void hasNetwork().then((back) => (back ? lookAll() : undefined));
}, 5000);
// What runs on this device is reached without a network, too.
globalThis.addEventListener("offline", () => void lookAll());
