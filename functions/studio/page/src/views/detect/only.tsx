// Which classes are looked for at all, chosen before a video is sent.

import type { Signal } from "@preact/signals";
import { words } from "../../lib/words.ts";
import { Icon } from "../../parts/icon.tsx";
import { className, NAMES } from "../../lib/coco.ts";

const say = words(
  { only: "Look only for", add: "Add a class", everything: "Everything", remove: "Without {name}" },
  { only: "只查找", add: "添加类别", everything: "全部", remove: "去掉{name}" },
);

export function Only({ classes, disabled }: { classes: Signal<readonly string[]>; disabled: boolean }) {
  const chosen = classes.value;
  return (
    <div class="stack tight" role="group" aria-label={say("only")}>
      <label class="stack detect-only">
        <span>{say("only")}</span>
        <select value="" disabled={disabled} onChange={(event) => {
          const name = event.currentTarget.value;
          event.currentTarget.value = "";
          if (name) classes.value = [...chosen, name];
        }}>
          <option value="">{chosen.length === 0 ? say("everything") : say("add")}</option>
          {NAMES.filter((name) => !chosen.includes(name)).map((name) => <option key={name} value={name}>{className(name)}</option>)}
        </select>
      </label>
      {chosen.length > 0 && (
        <div class="detect-chips">
          {chosen.map((name) => (
            <button type="button" key={name} class="chip chosen" disabled={disabled} aria-label={say("remove", { name: className(name) })}
              onClick={() => { classes.value = chosen.filter((one) => one !== name); }}>
              {className(name)} <Icon name="close" />
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
