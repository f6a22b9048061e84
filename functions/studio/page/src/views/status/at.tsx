// A function at one of its addresses: what runs it, its last answer, its limits, what it keeps; wake it.

import { useEffect, useState } from "preact/hooks";
import type { Address } from "../../lib/address.ts";
import type { Fn } from "../../lib/functions.ts";
import { fnName } from "../../lib/names.ts";
import { tell } from "../../lib/tell.ts";
import type { Detail, Told } from "../../lib/told.ts";
import { bytes, number, seconds } from "../../lib/words.ts";
import { Fact } from "../../parts/fact.tsx";
import { duration } from "../../parts/privacy.tsx";
import { say } from "./words.ts";

export function At({ fn, at }: { fn: Fn; at: Address }) {
  const [waking, setWaking] = useState(false);
  const served = useServed(at);
  const told = at.told.value;
  const name = fnName(fn.name);
  const wake = async () => {
    setWaking(true);
    const took = await at.wake();
    setWaking(false);
    tell(took === null ? say("asleep", { name }) : say("woken", { name, seconds: seconds(took) }));
  };
  const last = at.last.value;
  const model = at.lastModel.value;
  return (
    <>
      <dl class="status-facts">
        <Fact name={say("runs")}>{[told?.provider ?? served?.provider, served?.precision].filter(Boolean).join(", ") || say("unknown")}</Fact>
        <Fact name={say("last")}>{last === null ? say("never") : model ? say("lastMore", { seconds: seconds(last), model }) : say("lastOnly", { seconds: seconds(last) })}</Fact>
        {told && (
          <>
            <Fact name={say("limits")}>{limits(told.limits, fn.task === "boxes" || told.store !== null)}</Fact>
            {told.limits.requests_per_minute !== null && <Fact name={say("rate")}>{number(told.limits.requests_per_minute)}</Fact>}
            <Fact name={say("keeps")}>{told.store ? say("keepsFor", { time: duration(told.store.kept_s) }) : say("keepsNone")}</Fact>
            <Fact name={say("version")}>{told.version}</Fact>
          </>
        )}
        <Fact name={say("address")}><a href={at.url}>{at.url}</a></Fact>
      </dl>
      <div class="status-foot">
        <button type="button" disabled={waking || at.health.value === "offline"} onClick={() => void wake()} aria-label={`${say("wake")}: ${name}`}>{say(waking ? "waking" : "wake")}</button>
        {waking && <progress aria-label={say("waking")} />}
      </div>
    </>
  );
}

function limits({ max_pixels, max_bytes, max_upload_bytes }: Told["limits"], uploads: boolean): string {
  const values = { pixels: number(max_pixels / 1e6), size: bytes(max_bytes), upload: bytes(max_upload_bytes) };
  return say(uploads ? "limitUpload" : "limit", values);
}

/** What serves the function's usual network there; asked once it is reached. */
function useServed(at: Address): Detail["serves"] | null {
  const [served, setServed] = useState<Detail["serves"] | null>(null);
  const usual = at.told.value?.default_model;
  const reached = at.health.value === "up" || at.health.value === "cold";
  useEffect(() => {
    if (!usual || !reached) return;
    let current = true;
    at.detail(usual).then(
      ({ serves }) => current && setServed(serves),
      () => {
        // Shown as not told.
      },
    );
    return () => {
      current = false;
    };
  }, [at, usual, reached]);
  return served;
}
