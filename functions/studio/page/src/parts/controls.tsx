// The controls of a function, drawn from its own OpenAPI document.

import { useEffect, useState } from "preact/hooks";
import type { Fn } from "../lib/functions.ts";
import { controls, type Control } from "../lib/options.ts";
import type { Options } from "../lib/send.ts";
import type { Variant } from "../lib/told.ts";
import { words } from "../lib/words.ts";
import { Busy } from "./busy.tsx";
import { Field } from "./controls/field.tsx";
import { applies, chosenModel, isInitial, settle } from "./controls/settle.ts";
import { Notice } from "./notice.tsx";

const say = words(
  { asking: "Asking the function what it can do", failed: "What this function can do could not be fetched.", again: "Try again", answer: "Answer's file", changed: "{count} changed", settings: "Settings" },
  { asking: "正在询问功能的选项", failed: "无法获取该功能的选项。", again: "重试", answer: "结果文件", changed: "已更改 {count} 项", settings: "设置" },
);

export interface ControlsProps {
  fn: Fn;
  /** As in the document: "/" or "/video". */
  route?: string;
  /** What differs from the function's own defaults; what is not in it is not sent. */
  value: Options;
  onChange: (value: Options) => void;
  /** Only these, in this order. */
  only?: string[];
  /** Without these. */
  without?: string[];
}

interface Loaded {
  of: string;
  controls: Control[];
  variants: Variant[];
}

export function Controls({ fn, route = "/", value, onChange, only, without }: ControlsProps) {
  const of = `${fn.name} ${route}`;
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [slow, setSlow] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const [attempt, tryAgain] = useState(0);

  useEffect(() => {
    let current = true;
    setFailed(null);
    setSlow(false);
    const timer = setTimeout(() => current && setSlow(true), 300);
    // Without titles the menu shows the variants' names.
    Promise.all([controls(fn, route), fn.variants().catch((): Variant[] => [])])
      .then(([found, variants]) => current && setLoaded({ of, controls: found, variants }))
      .catch(() => current && setFailed(of))
      .finally(() => clearTimeout(timer));
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [of, attempt]);

  if (failed === of) return <Notice problem={say("failed")}><button type="button" onClick={() => tryAgain(attempt + 1)}>{say("again")}</button></Notice>;
  if (loaded?.of !== of) return <div class="controls controls-waiting">{slow && <Busy text={say("asking")} />}</div>;

  const all = loaded.controls;
  const model = chosenModel(all, value);
  const named = only ? only.flatMap((name) => all.filter((one) => one.name === name)) : all.filter((one) => one.kind !== "mix").sort((a, b) => rank(a) - rank(b));
  const shown = named.filter((one) => !without?.includes(one.name) && applies(one, model) && isAChoice(one));
  const field = (control: Control) => (
    <Field
      key={control.name} control={control} value={value[control.name]} variants={loaded.variants}
      set={(next) => onChange(settle(all, value, control.name, next))}
    />
  );
  const picture = shown.filter((one) => only || !one.output);
  const output = shown.filter((one) => !only && one.output);
  const changed = output.filter((one) => !isInitial(one, value[one.name])).length;
  return (
    <div class="controls" role="group" aria-label={say("settings")}>
      {picture.map(field)}
      {output.length > 0 && (
        <details class="controls-output">
          <summary>{say("answer")}{changed > 0 && <span class="quiet"> · {say("changed", { count: changed })}</span>}</summary>
          <div class="controls">{output.map(field)}</div>
        </details>
      )}
    </div>
  );
}

/** What decides over the others comes first; the rest stays in the document's order. */
function rank({ name }: Control): number {
  return name === "model" || name === "format" ? 0 : 1;
}

/** A menu of a single variant is no choice. */
function isAChoice(control: Control): boolean {
  return control.kind !== "choice" || control.choices.length > 1 || control.initial === null;
}
