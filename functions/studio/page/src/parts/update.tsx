// A new version of the page lies ready: the offer to open it.

import { takeUpdate, updateReady } from "../lib/offline.ts";
import { words } from "../lib/words.ts";

const say = words(
  { ready: "A new version of this page is here. It opens at the next visit, or now; what is not in the history goes then.", reload: "Open it now" },
  { ready: "本页面有新版本。下次访问时启用，也可以现在启用；不在历史中的内容会丢失。", reload: "现在启用" },
);

/** Empty until there is one. */
export function Update() {
  return (
    <div role="status">
      {updateReady.value && (
        <div class="strip row">
          <span>{say("ready")}</span>
          <button type="button" onClick={takeUpdate}>{say("reload")}</button>
        </div>
      )}
    </div>
  );
}
