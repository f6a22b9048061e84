// The request just made, as a program: curl, Python, JavaScript, `darkroom`.

import { useId, useState } from "preact/hooks";
import { copyText } from "../lib/clipboard.ts";
import { remember, remembered } from "../lib/device.ts";
import type { Ask } from "../lib/send.ts";
import { LANGUAGES, program, type ProgramLanguage } from "../lib/snippet.ts";
import { tell } from "../lib/tell.ts";
import { words } from "../lib/words.ts";
import { Icon } from "./icon.tsx";

export interface SnippetProps {
  ask: Pick<Ask, "fn" | "at" | "route" | "options" | "accept">;
  /** The file's name on the person's side. */
  file: string;
}

const say = words(
  {
    title: "This request as a program", languages: "Language of the program", copy: "Copy the program", copied: "The program is copied.",
    refused: "The browser does not let the page copy. Select the text and copy it yourself.",
    key: "The key is read from the variable DARKROOM_KEY, so that it stands in no file.", code: "Program for {language}",
  },
  {
    title: "用程序完成这次请求", languages: "程序语言", copy: "复制程序", copied: "程序已复制。",
    refused: "浏览器不允许页面复制。请自行选中文字后复制。",
    key: "密钥从环境变量 DARKROOM_KEY 读取，不会写进任何文件。", code: "{language} 程序",
  },
);

const KEPT = "snippet";

function first(): ProgramLanguage {
  return LANGUAGES.find((one) => one === remembered(KEPT)) ?? "curl";
}

export function Snippet({ ask, file }: SnippetProps) {
  const [language, choose] = useState(first);
  const id = useId();
  const text = program(language, ask, file);
  const pick = (one: ProgramLanguage) => {
    choose(one);
    remember(KEPT, one);
  };
  return (
    <details class="snippet">
      <summary><Icon name="code" /> {say("title")}</summary>
      <div class="stack tight">
        <div class="tabs" role="group" aria-label={say("languages")}>
          {LANGUAGES.map((one) => (
            <button key={one} type="button" aria-pressed={one === language} aria-controls={id} onClick={() => pick(one)}>{one}</button>
          ))}
        </div>
        <pre class="snippet-code" id={id} tabIndex={0} role="region" aria-label={say("code", { language })} lang="en"><code>{text}</code></pre>
        {(ask.at ?? ask.fn.first.value).told.value?.keys && <p class="quiet">{say("key")}</p>}
        <div>
          <button type="button" onClick={() => void copyText(text).then((done) => tell(say(done ? "copied" : "refused")))}>
            <Icon name="copy" /> {say("copy")}
          </button>
        </div>
      </div>
    </details>
  );
}
