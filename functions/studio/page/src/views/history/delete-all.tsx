// Deleting everything, after asking.

import { useRef } from "preact/hooks";
import { removeAll } from "../../lib/history.ts";
import { tell } from "../../lib/tell.ts";
import { words } from "../../lib/words.ts";
import { Icon } from "../../parts/icon.tsx";
import { forgetRemoved } from "./undo.tsx";

const say = words(
  {
    all: "Delete all", title: "Delete the whole history?", more: "{count} things ({size}) go from this device. They can't be had back.",
    yes: "Delete all", no: "Keep them", gone: "The history is empty.", failed: "The history could not be deleted. Try again.",
  },
  {
    all: "全部删除", title: "删除全部历史？", more: "将从此设备删除 {count} 项（{size}），无法恢复。",
    yes: "全部删除", no: "保留", gone: "历史已清空。", failed: "无法删除历史，请重试。",
  },
);

export function DeleteAll({ count, size }: { count: number; size: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const remove = async () => {
    dialog.current?.close();
    try {
      await removeAll();
      forgetRemoved();
      tell(say("gone"));
    } catch {
      tell(say("failed"));
    }
  };
  return (
    <>
      <button type="button" class="danger" onClick={() => dialog.current?.showModal()}><Icon name="remove" /> {say("all")}</button>
      <dialog ref={dialog} aria-labelledby="delete-all">
        <div class="stack">
          <h2 id="delete-all">{say("title")}</h2>
          <p>{say("more", { count, size })}</p>
          <div class="row">
            <button type="button" class="danger" onClick={() => void remove()}>{say("yes")}</button>
            <button type="button" autofocus onClick={() => dialog.current?.close()}>{say("no")}</button>
          </div>
        </div>
      </dialog>
    </>
  );
}
