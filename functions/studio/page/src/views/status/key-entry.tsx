// The key for a function that asks for one.

import { useState } from "preact/hooks";
import type { Fn } from "../../lib/functions.ts";
import { isKey, keepKey, keyOf, keysChanged } from "../../lib/keys.ts";
import { fnName } from "../../lib/names.ts";
import { tell } from "../../lib/tell.ts";
import { words } from "../../lib/words.ts";
import { Icon } from "../../parts/icon.tsx";

const say = words(
  {
    key: "Key for {name}", more: "Kept on this device and sent to this function alone.", keep: "Keep", set: "A key is set.", forget: "Forget the key", kept: "The key is kept on this device.",
    forgotten: "The key is forgotten.", needed: "This function asks for a key.", odd: "This can't be a key: it holds spaces, or letters that no key has.",
  },
  {
    key: "{name} 的密钥", more: "保存在这台设备上，只发送给这个功能。", keep: "保存", set: "已设置密钥。", forget: "忘记密钥", kept: "密钥已保存在这台设备上。",
    forgotten: "密钥已忘记。", needed: "该功能需要密钥。", odd: "这不是有效的密钥：其中有空格或不允许的字符。",
  },
);

export function KeyEntry({ fn }: { fn: Fn }) {
  const [text, setText] = useState("");
  // Read, so that this is drawn anew when a key comes or goes.
  void keysChanged.value;
  const id = `key-${fn.name}`;
  const key = text.trim();
  if (keyOf(fn)) {
    return (
      <div class="status-key row">
        <Icon name="key" /> <span>{say("set")}</span>
        <button type="button" onClick={() => { keepKey(fn, ""); tell(say("forgotten")); }}>{say("forget")}</button>
      </div>
    );
  }
  const keep = (event: Event) => {
    event.preventDefault();
    if (!isKey(key)) return;
    keepKey(fn, key);
    setText("");
    tell(say("kept"));
    void fn.look();
  };
  return (
    <form class="status-key stack tight" onSubmit={keep}>
      <p><Icon name="key" /> {say("needed")}</p>
      <label for={id}>{say("key", { name: fnName(fn.name) })}</label>
      <div class="status-key-line">
        <input id={id} type="password" autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} aria-describedby={`${id}-more`} />
        <button type="submit" disabled={!isKey(key)}>{say("keep")}</button>
      </div>
      <p class="quiet" id={`${id}-more`}>{say(key && !isKey(key) ? "odd" : "more")}</p>
    </form>
  );
}
