// The slider between two paintings.

import { words } from "../../lib/words.ts";

const say = words({ mix: "Mix", shares: "{one} {share} %, {other} {rest} %" }, { mix: "混合", shares: "{one} {share} %，{other} {rest} %" });

export interface MixerProps {
  /** Titles. */
  first: string;
  second: string;
  /** Share of the second, 0..100. */
  percent: number;
  onChange: (percent: number) => void;
}

export function Mixer({ first, second, percent, onChange }: MixerProps) {
  return (
    <div class="mixer">
      <div class="mixer-ends">
        <span>{first} <strong>{100 - percent} %</strong></span>
        <span>{second} <strong>{percent} %</strong></span>
      </div>
      <input type="range" min={0} max={100} step={1} value={percent} aria-label={say("mix")}
        aria-valuetext={say("shares", { one: first, share: 100 - percent, other: second, rest: percent })}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)} />
    </div>
  );
}
