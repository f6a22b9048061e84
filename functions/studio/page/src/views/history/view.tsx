// The history: what was made on this device. `#/history` lists it, `#/history/ID` opens one thing, `#/history/ID/ID` compares two.

import { useEffect } from "preact/hooks";
import { functions } from "../../lib/functions.ts";
import { place } from "../../lib/place.ts";
import { words } from "../../lib/words.ts";
import { loadTitles } from "./described.ts";
import { Pair } from "./pair.tsx";
import { Shelf } from "./shelf.tsx";
import { Thing } from "./thing.tsx";
import { Undo } from "./undo.tsx";

const say = words({ title: "History" }, { title: "历史" });

export default function View() {
  const [, first, second] = place.value;
  const [one, other] = [Number(first), Number(second)];
  const all = functions.value;
  useEffect(() => void loadTitles(), [all]);
  return (
    <div class="view history">
      <h1>{say("title")}</h1>
      <Undo />
      {one > 0 && other > 0 ? <Pair key={`${one}/${other}`} ids={[one, other]} /> : one > 0 ? <Thing key={one} id={one} /> : <Shelf />}
    </div>
  );
}
