// One control with its name, its help and its way back to the default.

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import type { Variant } from "../../lib/told.ts";
import { label, type Control } from "../../lib/options.ts";
import { words } from "../../lib/words.ts";
import { Icon } from "../icon.tsx";
import { Prose } from "../prose.tsx";
import { Networks } from "./networks.tsx";
import { isInitial, snapped, type Value } from "./settle.ts";

const say = words(
  {
    auto: "As the function has it", automatic: "Auto", yes: "Yes", no: "No", back: "{name}: back to the default", help: "{name}: what it is",
    asNumber: "{name}, as a number", set: "{name}: set it", own: "Set it",
  },
  {
    auto: "由功能决定", automatic: "自动", yes: "是", no: "否", back: "{name}：恢复默认值", help: "{name}：说明",
    asNumber: "{name}，数值", set: "{name}：自行设置", own: "自行设置",
  },
);

/** So many choices stand side by side; more go into a menu. */
const FEW = 4;
/** A range of so many steps is a field for a number: no slider hits one of them. */
const MANY = 500;

export interface FieldProps {
  control: Control;
  value: Value | undefined;
  variants: Variant[];
  set: (value: Value | undefined) => void;
}

type Ids = { id: string; help: string };
type Of<K extends Control["kind"]> = Omit<FieldProps, "control"> & { control: Extract<Control, { kind: K }>; ids: Ids };

export function Field(props: FieldProps) {
  const { control, value, set } = props;
  const id = useId();
  const [open, setOpen] = useState(false);
  const ids = { id, help: `${id}-help` };
  const name = label(control.name);
  const changed = !isInitial(control, value);
  const single = control.kind !== "choice" || isMenu(control);
  return (
    <div class="field" role={single ? undefined : "group"} aria-labelledby={single ? undefined : `${id}-name`} data-changed={changed ? "" : undefined}>
      <div class="field-head">
        {single && isBare(control, value) ? <label id={`${id}-name`} for={id}>{name}</label> : <span id={`${id}-name`}>{name}</span>}
        {control.help && (
          <button type="button" class="field-sign" aria-expanded={open} aria-controls={ids.help} aria-label={say("help", { name })} onClick={() => setOpen(!open)}>?</button>
        )}
        {changed && (
          <button type="button" class="field-sign field-back" aria-label={say("back", { name })} title={say("back", { name })} onClick={() => set(undefined)}>
            <Icon name="history" />
          </button>
        )}
      </div>
      <Body {...props} ids={ids} />
      <p id={ids.help} class="quiet" lang="en" hidden={!open}><Prose text={control.help} /></p>
    </div>
  );
}

/** Whether the control's own element is drawn, so that a label can point to it. */
function isBare(control: Control, value: Value | undefined): boolean {
  return control.kind !== "range" || isWide(control) || control.initial !== null || value !== undefined;
}

function isMenu(control: Control): boolean {
  return control.kind === "choice" && (control.name === "model" || control.choices.length > FEW);
}

function isWide({ min, max, step }: { min: number; max: number; step: number }): boolean {
  return (max - min) / step > MANY;
}

function Body(props: FieldProps & { ids: Ids }): ComponentChildren {
  const { control } = props;
  switch (control.kind) {
    case "range": return isWide(control) ? <NumberField {...props} control={control} /> : <Range {...props} control={control} />;
    case "choice": return chosenFrom(props, control);
    case "switch": return <Switch {...props} control={control} />;
    case "mix": return <Mix {...props} control={control} />;
    case "text": return <Text {...props} control={control} />;
  }
}

/** A choice: networks in a menu of their own, a few things side by side, more in a menu. */
function chosenFrom(props: FieldProps & { ids: Ids }, control: Extract<Control, { kind: "choice" }>): ComponentChildren {
  if (control.name === "model") return <Networks {...props} names={control.choices.map(String)} chosen={String(props.value ?? control.initial)} />;
  return isMenu(control) ? <Menu {...props} control={control} /> : <Choices {...props} control={control} />;
}

/** A slider and the same as a number. Where the function tells no default, a switch comes first. */
function Range({ control, value, set, ids }: Of<"range">) {
  const { min, max, step, initial } = control;
  const name = label(control.name);
  const own = initial === null && (
    <div class="field-own">
      <label>
        <input type="checkbox" aria-label={say("set", { name })} checked={value !== undefined} onChange={(event) => set(event.currentTarget.checked ? snapped(control, (min + max) / 2) : undefined)} />
        {say("own")}
      </label>
      {value === undefined && <span class="quiet">{say("auto")}</span>}
    </div>
  );
  if (value === undefined && initial === null) return own;
  const shown = snapped(control, Number(value ?? initial));
  const digits = step < 1 ? 2 : 0;
  const take = (text: string) => text !== "" && Number.isFinite(Number(text)) && set(snapped(control, Number(text)));
  return (
    <>
      {own}
      <div class="field-range">
        <input id={ids.id} type="range" min={min} max={max} step={step} value={shown} aria-describedby={ids.help} onInput={(event) => take(event.currentTarget.value)} />
        <input
          type="number" min={min} max={max} step={step} value={shown.toFixed(digits)} aria-label={say("asNumber", { name })}
          onChange={(event) => {
            take(event.currentTarget.value);
            event.currentTarget.value = snapped(control, Number(event.currentTarget.value || shown)).toFixed(digits);
          }}
        />
      </div>
    </>
  );
}

/** A field for a number; empty: as the function has it. */
function NumberField({ control, value, set, ids }: Of<"range">) {
  return (
    <input
      id={ids.id} type="number" min={control.min} max={control.max} step={control.step} value={value === undefined ? "" : String(value)} placeholder={String(control.initial ?? say("auto"))}
      aria-describedby={ids.help}
      onChange={(event) => {
        const text = event.currentTarget.value;
        const taken = text === "" || !Number.isFinite(Number(text)) ? undefined : snapped(control, Number(text));
        event.currentTarget.value = taken === undefined ? "" : String(taken);
        set(taken);
      }}
    />
  );
}

/** How a choice is written. */
function choiceName({ name }: Control, choice: string | number): string {
  if (name === "scale") return `${choice} ×`;
  return name === "format" || name === "render" ? String(choice).toUpperCase() : String(choice);
}

/** A few choices side by side. */
function Choices({ control, value, set, ids }: Of<"choice">) {
  const all: (string | number | undefined)[] = control.initial === null ? [undefined, ...control.choices] : control.choices;
  const chosen = value ?? control.initial ?? undefined;
  return (
    <div class="choices">
      {all.map((choice) => (
        <label key={String(choice)} class="choice">
          <input type="radio" name={ids.id} checked={choice === chosen} aria-describedby={ids.help} onChange={() => set(choice)} />
          <span title={choice === undefined ? say("auto") : undefined}>{choice === undefined ? say("automatic") : choiceName(control, choice)}</span>
        </label>
      ))}
    </div>
  );
}

/** A menu. */
function Menu({ control, value, set, ids }: Of<"choice">) {
  return (
    <select id={ids.id} value={String(value ?? control.initial ?? "")} aria-describedby={ids.help} onChange={(event) => set(control.choices.find((one) => String(one) === event.currentTarget.value))}>
      {control.initial === null && <option value="">{say("auto")}</option>}
      {control.choices.map((choice) => <option key={choice} value={String(choice)}>{choiceName(control, choice)}</option>)}
    </select>
  );
}

function Switch({ control, value, set, ids }: Of<"switch">) {
  if (control.initial === null) {
    return (
      <select id={ids.id} value={value === undefined ? "" : String(value)} aria-describedby={ids.help} onChange={(event) => set(event.currentTarget.value === "" ? undefined : event.currentTarget.value === "true")}>
        <option value="">{say("auto")}</option>
        <option value="true">{say("yes")}</option>
        <option value="false">{say("no")}</option>
      </select>
    );
  }
  return <input id={ids.id} type="checkbox" role="switch" checked={Boolean(value ?? control.initial)} aria-describedby={ids.help} onChange={(event) => set(event.currentTarget.checked)} />;
}

function Mix({ control, value, set, ids }: Of<"mix">) {
  return (
    <select id={ids.id} value={String(value ?? control.initial)} aria-describedby={ids.help} onChange={(event) => set(event.currentTarget.value)}>
      {control.names.map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  );
}

function Text({ control, value, set, ids }: Of<"text">) {
  return (
    <input
      id={ids.id} type="text" value={String(value ?? control.initial ?? "")} placeholder={say("auto")} aria-describedby={ids.help} autocomplete="off" spellcheck={false}
      onChange={(event) => set(event.currentTarget.value.trim() || undefined)}
    />
  );
}
