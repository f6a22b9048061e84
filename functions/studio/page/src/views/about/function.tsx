// One function: what it does, and each of its networks.

import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import { grouped, usable } from "../../lib/catalogue.ts";
import type { Fn } from "../../lib/functions.ts";
import { fnName, fnSummary } from "../../lib/names.ts";
import type { Variant } from "../../lib/told.ts";
import { words } from "../../lib/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Away } from "./away.tsx";
import { Network } from "./network.tsx";

const say = words(
  { opening: "Asking {name}", failed: "What {name} tells of its networks can't be had right now.", again: "Try again" },
  { opening: "正在询问{name}", failed: "目前无法获取{name}的网络信息。", again: "重试" },
);

export function About({ fn }: { fn: Fn }) {
  const [variants, setVariants] = useState<Variant[] | null>(null);
  const [failed, fail] = useState(false);
  const name = fnName(fn.name);
  const away = variants?.filter((one) => !usable(one)) ?? [];
  const ask = () => {
    fail(false);
    fn.variants().then(setVariants, () => fail(true));
  };
  useEffect(ask, [fn]);
  return (
    <article class="card stack about-function">
      <div class="stack tight">
        <h3>{name}</h3>
        <p>{fnSummary(fn)}</p>
      </div>
      {failed ? (
        <Notice problem={say("failed", { name })}><button type="button" onClick={ask}>{say("again")}</button></Notice>
      ) : !variants ? <Busy text={say("opening", { name })} /> : (
        <div>
          {grouped(variants.filter(usable)).map((group) => (
            <Fragment key={group.family}>
              {group.family && <h4 class="about-family" lang="en">{group.family}</h4>}
              {group.members.map((variant) => <Network key={variant.name} fn={fn} variant={variant} usual={variant.name === fn.told.value?.default_model} />)}
            </Fragment>
          ))}
          {away.length > 0 && <Away variants={away} />}
        </div>
      )}
    </article>
  );
}
