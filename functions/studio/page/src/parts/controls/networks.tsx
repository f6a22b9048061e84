// The menu of a function's networks: those that can be used, in families; below it what the chosen one is, and under which licence.

import { grouped, licence, usable } from "../../lib/catalogue.ts";
import { toldNetwork } from "../../lib/networks.ts";
import type { Variant } from "../../lib/told.ts";
import { words } from "../../lib/words.ts";
import { Prose } from "../prose.tsx";

const say = words(
  { away: "{count} more can't be used here: see About", licence: "Licence: {licence}" },
  { away: "另有 {count} 个在此不可用：见“关于”", licence: "许可：{licence}" },
);

interface NetworksProps {
  names: string[];
  chosen: string;
  /** None where they could not be had: the names stand for themselves. */
  variants: Variant[];
  set: (name: string) => void;
  ids: { id: string; help: string };
}

export function Networks({ names, chosen, variants, set, ids }: NetworksProps) {
  const all = names.map((name) => variants.find((one) => one.name === name) ?? { name, title: name, family: null });
  const away = variants.filter((one) => !usable(one)).length;
  const it = variants.find((one) => one.name === chosen);
  return (
    <>
      <select id={ids.id} value={chosen} aria-describedby={ids.help} onChange={(event) => set(event.currentTarget.value)}>
        {grouped(all).map(({ family, members }) => {
          const options = members.map(({ name, title }) => <option key={name} lang={toldNetwork(title) === title ? "en" : undefined} value={name}>{toldNetwork(title)}</option>);
          return family ? <optgroup key={family} label={family}>{options}</optgroup> : options;
        })}
        {away > 0 && <option disabled>{say("away", { count: away })}</option>}
      </select>
      {it && <p class="quiet" lang={toldNetwork(it.description) === it.description ? "en" : undefined}><Prose text={toldNetwork(it.description)} /></p>}
      {it && <p class="quiet">{say("licence", { licence: licence(it) })}</p>}
    </>
  );
}
