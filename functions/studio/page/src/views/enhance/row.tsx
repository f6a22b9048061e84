// One of many pictures: small, with its own state.

import { number, seconds, words } from "../../lib/words.ts";
import { progressText } from "../../parts/busy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Problem } from "../../lib/send.ts";
import type { Batch, Item, State } from "./batch.ts";

const say = words(
  {
    waiting: "Waiting", preparing: "Preparing", done: "Done in {time}", open: "Open {name}", remove: "Remove {name}", again: "Try again",
    againNamed: "Try again: {name}",
  },
  {
    waiting: "等待中", preparing: "准备中", done: "完成，用时 {time}", open: "打开 {name}", remove: "移除 {name}", again: "重试",
    againNamed: "重试：{name}",
  },
);

/** Rows are redrawn one by one: each reads its own state and nothing of the others. */
export function Row({ batch, item }: { batch: Batch; item: Item }) {
  const state = item.state.value;
  const { name } = item.picture;
  const thumbnail = item.thumbnail.value;
  const share = state.stage === "going" && state.progress?.stage === "sending" ? state.progress.sent : undefined;
  return (
    <li class="enhance-row" data-stage={state.stage} data-name={name} id={rowId(item)}>
      <button
        type="button" class="enhance-thumbnail" aria-label={say("open", { name })} aria-pressed={batch.opened.value === item.id}
        onClick={() => { batch.opened.value = item.id; }}
      >
        {thumbnail ? <img src={thumbnail} alt="" /> : <Icon name="enhance" />}
      </button>
      <div class="enhance-row-words">
        <p class="enhance-name" title={name}>{name}</p>
        <p class="quiet">{stateText(state)}</p>
        {state.stage === "going" && <progress value={share} max={1} aria-label={`${name}: ${stateText(state)}`} />}
        {state.stage === "failed" && (
          <button type="button" aria-label={say("againNamed", { name })} onClick={() => batch.retry([item])}>{say("again")}</button>
        )}
      </div>
      <button type="button" class="icon-button" aria-label={say("remove", { name })} title={say("remove", { name })} onClick={(event) => { onward(event.currentTarget); batch.remove(item); }}>
        <Icon name="remove" />
      </button>
    </li>
  );
}

/** The keyboard goes on to the same button of the next picture, or of the one before. */
function onward(button: HTMLButtonElement): void {
  const row = button.closest("li");
  const next = row?.nextElementSibling ?? row?.previousElementSibling;
  if (document.activeElement === button) next?.querySelector<HTMLElement>(".icon-button")?.focus();
}

/** Where the keyboard goes back to when the picture is closed. */
export function rowId(item: Item): string {
  return `row-${item.id}`;
}

/** How a picture is, in words. */
export function stateText(state: State): string {
  switch (state.stage) {
    case "waiting": return say("waiting");
    case "going": return state.progress ? progressText(state.progress) : say("preparing");
    case "done": return say("done", { time: seconds(state.answer.seconds) });
    case "failed": return state.problem instanceof Error ? reason(state.problem) : String(state.problem);
  }
}

function reason(problem: Error): string {
  return problem instanceof Problem && problem.status ? `${problem.message} (${number(problem.status)})` : problem.message;
}
