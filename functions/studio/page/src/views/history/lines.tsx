// An answer that is no picture: labels with their bars, or things with their places.

import { number, words } from "../../lib/words.ts";
import { className as ofTen } from "../classify/names.ts";
import { className as ofEighty } from "../../lib/coco.ts";
import type { Line } from "./described.ts";

const say = words(
  { none: "Nothing was found.", place: "{left}, {top} to {right}, {bottom}", unreadable: "This answer can't be read any more.", what: "What was found" },
  { none: "没有找到任何东西。", place: "{left}, {top} 至 {right}, {bottom}", unreadable: "无法再读取这个结果。", what: "识别结果" },
);

export function Lines({ lines }: { lines: Line[] | null }) {
  if (!lines) return <p class="quiet">{say("unreadable")}</p>;
  if (lines.length === 0) return <p class="quiet">{say("none")}</p>;
  return (
    <ul class="history-lines" aria-label={say("what")}>
      {lines.map(({ name, score, box }, index) => (
        <li key={index}>
          <span>{ofTen(ofEighty(name))}</span>
          <span class="history-score">{number(score * 100, 1)} %</span>
          <meter min={0} max={1} value={score} aria-hidden="true" />
          {box?.length === 4 && <span class="quiet">{say("place", place(box))}</span>}
        </li>
      ))}
    </ul>
  );
}

function place([left = 0, top = 0, right = 0, bottom = 0]: number[]) {
  return { left: number(left), top: number(top), right: number(right), bottom: number(bottom) };
}
