// A function's addresses, asked in turn until one does the work.

import { HURRY, type Address } from "./address.ts";
import { Refused } from "./exchange.ts";
import type { Fn } from "./functions.ts";
import { hasNetwork } from "./online.ts";
import { passing } from "./passing.ts";
import { Problem } from "./problem.ts";
import type { Ask } from "./send.ts";

/** An address that did not do it, and why. */
interface Failure {
  at: Address;
  cause: Refused;
}

/**
 * Has `one` done at the first address that does it: where one is away, broken or busy, the next is asked at once, in a hurry; an answer
 * stands, whatever it says. Where none does it, one that is only not ready yet is asked once more, with patience.
 *
 * Fails with a `Problem`, or as `one` does.
 */
export async function inTurn<T>({ fn, at, once }: Ask, one: (at: Address, hurry: boolean) => Promise<T>): Promise<T> {
  const order = fn.inOrder(at);
  const failures: Failure[] = [];
  if (order.length > 1) {
    for (const next of order) {
      const limits = failures.filter(isLimit).map((before) => isRoomier(next, before.at));
      if ((await Promise.all(limits)).includes(false)) continue;
      try {
        return await one(next, true);
      } catch (cause) {
        failures.push({ at: next, cause: await goingOn(cause, next, fn) });
      }
    }
  }
  failures.sort((a, b) => weight(b) - weight(a));
  const [best] = failures;
  if (best && (once || best.cause.again === null)) throw await toldOf(best.cause, fn);
  const last = best?.at ?? fn.addresses[0];
  try {
    return await one(last, false);
  } catch (cause) {
    if (cause instanceof Refused && cause.problem.status === 0) last.failed("down");
    throw cause instanceof Refused ? await toldOf(cause, fn) : cause;
  }
}

/** The failure after which another address may be asked; throws one that stands. */
async function goingOn(cause: unknown, at: Address, fn: Fn): Promise<Refused> {
  if (!(cause instanceof Refused)) throw cause;
  const { status } = cause.problem;
  if (!cause.elsewhere && status !== 413) throw await toldOf(cause, fn);
  // Too large for it is no illness.
  if (status !== 413) at.failed(status === 0 ? "down" : status === 503 ? "cold" : null);
  return cause;
}

/** Which of several failures is told: the one worth another try, then what an address said, then silence. */
function weight({ cause: { again, problem } }: Failure): number {
  return again !== null ? 2 : problem.status > 0 ? 1 : 0;
}

/** Whether the function itself found the request too large. */
function isLimit({ cause }: Failure): boolean {
  return cause.problem.status === 413 && !cause.elsewhere;
}

/** Whether an address tells a larger limit than another; one that has told nothing yet is looked at. */
async function isRoomier(one: Address, other: Address): Promise<boolean> {
  const unknown = [one, other].filter((each) => !each.told.peek());
  if (unknown.length) await Promise.race([Promise.all(unknown.map((each) => each.look())), passing(HURRY)]);
  const [more, less] = [one.told.peek()?.limits, other.told.peek()?.limits];
  return more !== undefined && less !== undefined && (more.max_bytes > less.max_bytes || more.max_pixels > less.max_pixels);
}

/** What a person is told of it: where there is no network at all, that. */
export async function toldOf({ problem }: Refused, fn: Fn): Promise<Problem> {
  if (problem.status !== 0 || (await hasNetwork())) return problem;
  for (const one of fn.addresses) one.health.value = "offline";
  return new Problem("offline", 0, null);
}
