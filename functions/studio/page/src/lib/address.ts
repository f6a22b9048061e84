// One address of a function: what it tells there, how it is, and whether others are asked before it.

import { signal, type Signal } from "@preact/signals";
import { hasNetwork } from "./online.ts";
import type { Detail, Told } from "./told.ts";

/** `asking` until the first answer; `cold`: reached, but not warm yet; `down`: not reached; `offline`: this device has no network. */
export type Health = "asking" | "up" | "cold" | "down" | "offline";

/** How long an address may take to tell of itself, milliseconds: one that begins anew needs a while. */
const PATIENCE = 30_000;
/** The same where there is another address to ask; so long may it take to get through to one, too. */
export const HURRY = 5_000;
/** After how long an address that failed is looked at again, milliseconds. */
const REST = 60_000;

/** Its signals change as it is asked. */
export class Address {
  /** Ends in a slash. */
  readonly url: string;
  readonly told: Signal<Told | null> = signal(null);
  readonly health: Signal<Health> = signal("asking");
  /** Whether the function's other addresses are asked first: it failed, or was not ready, and was not seen ready since. */
  readonly aside: Signal<boolean> = signal(false);
  /** Seconds of the last answer to a picture, from press to picture. */
  readonly last: Signal<number | null> = signal(null);
  /** The model that gave it: `variant@digest`. */
  readonly lastModel: Signal<string | null> = signal(null);
  readonly #key: () => string;
  #looked = 0;
  #failures = 0;

  /** `key`: the function's, empty where there is none. */
  constructor(url: string, key: () => string) {
    const { href } = new URL(url, document.baseURI);
    this.url = href.endsWith("/") ? href : `${href}/`;
    this.#key = key;
  }

  /** The address of one of its routes, which begins without a slash. */
  at(route: string): string {
    return new URL(route, this.url).href;
  }

  /** What a request carries besides. */
  headers(): Record<string, string> {
    const key = this.#key();
    return key ? { authorization: `Bearer ${key}` } : {};
  }

  /** Asks how it is, and what it tells of itself. Never fails: `health` tells. */
  async look(): Promise<void> {
    const failures = this.#failures;
    this.#looked = performance.now();
    try {
      // What it tells may come from an earlier visit; whether it is ready must be asked.
      const told = this.json<Told>("").then((told) => (this.told.value = told));
      const [ready] = await Promise.all([fetch(this.at("readyz"), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }), told]);
      this.health.value = ready.ok ? "up" : "cold";
    } catch {
      this.health.value = (await hasNetwork()) ? "down" : "offline";
    }
    // What failed meanwhile knows better.
    if (failures === this.#failures) this.aside.value = this.health.value !== "up";
  }

  /** It did not do its work; `health` where that tells how it is. */
  failed(health: Health | null): void {
    this.#failures += 1;
    this.#looked = performance.now();
    this.aside.value = true;
    if (health) this.health.value = health;
  }

  /** It answered, in so many seconds, by that model. */
  answered(seconds: number, model: string | null): void {
    this.health.value = "up";
    this.aside.value = false;
    this.last.value = seconds;
    this.lastModel.value = model;
  }

  /** Looks at it again where it stands aside, a minute after the last time; nothing waits for that. */
  recall(): void {
    if (this.aside.peek() && performance.now() - this.#looked > REST) void this.look();
  }

  /** More of one variant. */
  detail(variant: string): Promise<Detail> {
    return this.json<Detail>(`models/${variant}`);
  }

  /** Has it make itself ready; gives the seconds that it took, or null where it did not answer. */
  async wake(): Promise<number | null> {
    const begun = performance.now();
    try {
      const response = await fetch(this.at("warmup"), { method: "POST", headers: this.headers() });
      await this.look();
      return response.ok ? (performance.now() - begun) / 1000 : null;
    } catch {
      await this.look();
      return null;
    }
  }

  /** What it tells at one of its routes, within `patience` milliseconds. */
  async json<T>(route: string, patience = PATIENCE): Promise<T> {
    const response = await fetch(this.at(route), { headers: { accept: "application/json", ...this.headers() }, signal: AbortSignal.timeout(patience) });
    if (!response.ok) throw new Error(`${this.at(route)}: ${response.status}`);
    return (await response.json()) as T;
  }
}
