// Removing one thing, and having it back: it stays in memory until the next one goes, or the page is left.

import { signal } from "@preact/signals";
import { get, remove, restore, type Kept } from "../../lib/history.ts";
import { tell } from "../../lib/tell.ts";
import { words } from "../../lib/words.ts";
import { Icon } from "../../parts/icon.tsx";

const removed = signal<Kept | null>(null);

const say = words(
  { gone: "{name} is deleted.", undo: "Undo", back: "{name} is back.", forget: "Dismiss", failed: "It could not be deleted. Try again." },
  { gone: "已删除 {name}。", undo: "撤销", back: "{name} 已恢复。", forget: "关闭", failed: "无法删除，请重试。" },
);

/** Removes a thing; it can be had back with `Undo`. */
export async function removeOne(id: number): Promise<void> {
  try {
    const kept = await get(id);
    await remove(id);
    removed.value = kept;
  } catch {
    tell(say("failed"));
  }
}

/** Nothing can be had back any more. */
export function forgetRemoved(): void {
  removed.value = null;
}

/** The offer to have it back; empty where nothing was removed. */
export function Undo() {
  const thing = removed.value;
  const back = async () => {
    if (!thing) return;
    if (!(await restore(thing))) return;
    removed.value = null;
    tell(say("back", { name: thing.name }));
  };
  return (
    <div role="status" class="undo">
      {thing && (
        <>
          <span>{say("gone", { name: thing.name })}</span>
          <button type="button" onClick={() => void back()}>{say("undo")}</button>
          <button type="button" class="icon-button" aria-label={say("forget")} title={say("forget")} onClick={forgetRemoved}><Icon name="close" /></button>
        </>
      )}
    </div>
  );
}
