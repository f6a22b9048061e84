// One function: what it does, how it is at each of its addresses, and its key.

import type { Health } from "../../lib/address.ts";
import type { Fn } from "../../lib/functions.ts";
import { fnName, fnSummary } from "../../lib/names.ts";
import { At } from "./at.tsx";
import { KeyEntry } from "./key-entry.tsx";
import { MORE, say } from "./words.ts";

export function Row({ fn }: { fn: Fn }) {
  const health = fn.health.value;
  const count = fn.addresses.length;
  return (
    <li class="card status-row" data-health={health}>
      <div class="status-head">
        <h2>{fnName(fn.name)}</h2>
        <State health={health} />
      </div>
      <p class="quiet">{fnSummary(fn)}</p>
      <p class="status-more">{count > 1 ? say("several", { count }) : say(MORE[health])}</p>
      {count > 1 ? fn.addresses.map((at, index) => <Nth key={at.url} fn={fn} index={index} />) : <At fn={fn} at={fn.addresses[0]} />}
      {fn.addresses.some((one) => one.told.value?.keys) && <KeyEntry fn={fn} />}
    </li>
  );
}

function State({ health }: { health: Health }) {
  return <span class="status-health" data-health={health}>{say(health)}</span>;
}

/** One of several addresses, under what runs there. */
function Nth({ fn, index }: { fn: Fn; index: number }) {
  const at = fn.addresses[index] ?? fn.addresses[0];
  const provider = at.told.value?.provider;
  const title = provider ? `${index + 1} · ${provider === "cpu" ? "CPU" : "GPU"}` : say("nth", { number: index + 1 });
  const health = at.health.value;
  return (
    <section class="status-at" data-health={health} aria-label={`${fnName(fn.name)}: ${title}`}>
      <div class="status-head">
        <h3>{title}{fn.first.value === at && <span class="quiet"> · {say("now")}</span>}</h3>
        <State health={health} />
      </div>
      <p class="status-more">{say(MORE[health])}</p>
      <At fn={fn} at={at} />
    </section>
  );
}
