// A failure: a sentence, the function's own words, and a way on.

import type { ComponentChildren } from "preact";
import { Problem } from "../lib/send.ts";
import { Icon } from "./icon.tsx";

/** `children` are the ways on: buttons, links. */
export function Notice({ problem, children }: { problem: unknown; children?: ComponentChildren }) {
  const text = problem instanceof Error ? problem.message : String(problem);
  const detail = problem instanceof Problem ? problem.detail : null;
  return (
    <div class="notice" role="alert">
      <Icon name="warning" />
      <div>
        <p>{text}</p>
        {detail && <p class="quiet" lang="en">{detail}</p>}
        {children && <div class="row">{children}</div>}
      </div>
    </div>
  );
}
