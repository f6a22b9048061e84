// The networks of a function that can't be used here: how many, which, under which licence, and how to get them.

import { licence } from "../../lib/catalogue.ts";
import { toldNetwork } from "../../lib/networks.ts";
import type { Variant } from "../../lib/told.ts";
import { words } from "../../lib/words.ts";
import { Prose } from "../../parts/prose.tsx";

const say = words(
  { more: "{count} more that can't be used here" },
  { more: "另有 {count} 个在此不可用" },
);

export function Away({ variants }: { variants: Variant[] }) {
  return (
    <details class="about-network">
      <summary><span class="quiet">{say("more", { count: variants.length })}</span></summary>
      <ul class="about-list">
        {variants.map((one) => (
          <li key={one.name}>
            <span lang={toldNetwork(one.title) === one.title ? "en" : undefined}>{toldNetwork(one.title)}</span> <code class="quiet">{one.name}</code>
            <br /><span class="quiet" lang={one.terms === "free" ? "en" : undefined}>{licence(one)}</span>
            <br /><span class="quiet" lang="en"><Prose text={one.reason ?? one.status} /></span>
          </li>
        ))}
      </ul>
    </details>
  );
}
