// The functions: which there are, by which addresses they are reached, and how they are.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { Address, HURRY, type Health } from "./address.ts";
import { keyOf } from "./keys.ts";
import { hasNetwork } from "./online.ts";
import type { Detail, OpenApi, Task, Told, Variant } from "./told.ts";

/** A line of `functions.json`. */
export interface Listed {
  name: string;
  /** In the order in which they are asked, one at least. */
  urls: string[];
  card: { title: string; summary: string; task: Task } | null;
}

/** The best first. */
const HEALTHS: Health[] = ["up", "cold", "asking", "down", "offline"];

/** One function. */
export class Fn {
  readonly name: string;
  readonly card: Listed["card"];
  /** In the order in which they are asked while all are well. */
  readonly addresses: readonly [Address, ...Address[]];
  /** The one that is asked first now. */
  readonly first: ReadonlySignal<Address> = computed(() => this.addresses.find((one) => !one.aside.value) ?? this.addresses[0]);
  /** What it tells of itself, at the first address if possible. */
  readonly told: ReadonlySignal<Told | null> = computed(() => this.first.value.told.value ?? this.addresses.map((one) => one.told.value).find(Boolean) ?? null);
  /** How it is, at the best of its addresses. */
  readonly health: ReadonlySignal<Health> = computed(() => HEALTHS.find((health) => this.addresses.some((one) => one.health.value === health)) ?? "down");
  #openapi: Promise<OpenApi> | null = null;
  #variants: Promise<Variant[]> | null = null;

  constructor(listed: Listed) {
    this.name = listed.name;
    this.card = listed.card;
    const [first, ...others] = listed.urls.map((url) => new Address(url, () => keyOf(this)));
    if (!first) throw new Error(`${this.name} has no address`);
    this.addresses = [first, ...others];
  }

  get task(): Task {
    return this.card?.task ?? "picture";
  }

  /** The addresses as they are asked now: `at` if it is well, then what else is, then what stands aside and is looked at again meanwhile. */
  inOrder(at?: Address): Address[] {
    if (this.addresses.length > 1) for (const one of this.addresses) one.recall();
    const well = this.addresses.filter((one) => !one.aside.peek());
    return [...new Set([...well.filter((one) => one === at), ...well, ...this.addresses])];
  }

  /** Looks at every address. Never fails: `health` tells. */
  async look(): Promise<void> {
    await Promise.all(this.addresses.map((one) => one.look()));
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
    this.#variants ??= this.#json<Tree>("models").then((tree) => leaves(tree)).catch((cause: unknown) => {
      this.#variants = null;
      throw cause;
    });
    return this.#variants;
  }

  /** More of one variant. */
  detail(variant: string): Promise<Detail> {
    return this.#json<Detail>(`models/${variant}`);
  }

  /** What the first address that answers tells; fails as the last one does. */
  async #json<T>(route: string): Promise<T> {
    const order = this.inOrder();
    const last = order.pop() ?? this.addresses[0];
    for (const one of order) {
      try {
        return await one.json<T>(route, HURRY);
      } catch {
        // The next one is asked.
      }
    }
    return last.json<T>(route);
  }
}

/** A node: the function itself, a family or a variant. */
interface Tree {
  type?: Task | "family";
  title: string;
  children: Tree[];
}

function leaves(tree: Tree, family: string | null = null): Variant[] {
  if (tree.type && tree.type !== "family") return [{ ...tree, family } as unknown as Variant];
  return tree.children.flatMap((child) => leaves(child, tree.type ? tree.title : null));
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
