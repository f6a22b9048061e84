// Classes as bars, best first.

import { number, words } from "../../lib/words.ts";
import type { Label } from "./labels.ts";
import { className } from "./names.ts";

const say = words({ classes: "Classes", none: "No class reaches the lowest score." }, { classes: "类别", none: "没有类别达到最低得分。" });

export function Bars({ labels }: { labels: Label[] }) {
  if (labels.length === 0) return <p>{say("none")}</p>;
  return (
    <ol class="bars" aria-label={say("classes")}>
      {labels.map(({ name, score }) => (
        <li key={name}>
          <span class="bar-name">{className(name)}</span>{" "}
          <span class="bar-score">{number(score * 100, 1)} %</span>
          <span class="bar" aria-hidden="true"><span style={{ width: `${score * 100}%` }} /></span>
        </li>
      ))}
    </ol>
  );
}
