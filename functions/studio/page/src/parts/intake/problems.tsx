// Files that could not be taken: each named with why, and a way on.

import { words } from "../../lib/words.ts";
import { Notice } from "../notice.tsx";

const say = words(
  { several: "{count} files could not be taken.", choose: "Choose another file", close: "Close" },
  { several: "有 {count} 个文件无法使用。", choose: "选择其他文件", close: "关闭" },
);

export function Problems({ problems, choose, close }: { problems: string[]; choose: () => void; close: () => void }) {
  const several = problems.length > 1;
  return (
    <Notice problem={several ? say("several", { count: problems.length }) : problems[0]}>
      {several && <ul class="intake-problems">{problems.map((one, at) => <li key={at}>{one}</li>)}</ul>}
      <button type="button" onClick={choose}>{say("choose")}</button>
      <button type="button" class="quiet-button" onClick={close}>{say("close")}</button>
    </Notice>
  );
}
