// The paintings to choose from: large cards at first, a strip above the work once one is chosen.

import { useEffect, useRef } from "preact/hooks";
import { go, to } from "../../lib/place.ts";
import { words } from "../../lib/words.ts";
import { Icon } from "../../parts/icon.tsx";
import type { Choice } from "./mix.ts";
import { colours, picture, type Painting } from "./paintings.ts";
import { told, year } from "../../lib/translated.ts";

const say = words(
  { paintings: "Paintings", mix: "Mix", mixWith: "Mix with {title}", by: "{painter}, {when}" },
  { paintings: "画作", mix: "混合", mixWith: "与“{title}”混合", by: "{painter}，{when}" },
);

export interface GalleryProps {
  all: Painting[];
  choice: Choice | null;
}

export function Gallery({ all, choice }: GalleryProps) {
  const list = useRef<HTMLUListElement>(null);
  const first = choice && all.find((one) => one.name === choice.first);
  useEffect(() => {
    const strip = list.current;
    const card = strip?.querySelector<HTMLElement>("[aria-current]")?.closest("li");
    if (strip && card) strip.scrollTo({ left: card.offsetLeft - (strip.clientWidth - card.clientWidth) / 2 });
  }, [choice?.first]);
  return (
    <ul class={choice ? "paintings paintings-strip" : "paintings"} aria-label={say("paintings")} ref={list}>
      {all.map((painting) => <Card key={painting.name} painting={painting} first={first ?? null} second={choice?.second ?? null} />)}
    </ul>
  );
}

function Card({ painting, first, second }: { painting: Painting; first: Painting | null; second: string | null }) {
  const { name } = painting;
  const chosen = name === first?.name;
  const mixed = name === second;
  const title = told(painting.title);
  const [painter, when] = [told(painting.painter), year(painting.year)];
  return (
    <li class={chosen || mixed ? "painting painting-chosen" : "painting"}>
      <a href={to("styles", name)} aria-current={chosen ? "true" : undefined}>
        <Small painting={painting} />
        <Palette painting={painting} />
        <span class="painting-title">{title}</span>
        {painter && <span class="painting-painter"> {when ? say("by", { painter, when }) : painter}</span>}
      </a>
      {first && !chosen && first.fn === painting.fn && first.together.has(name) && (
        <button type="button" class="painting-mix" aria-pressed={mixed} aria-label={say("mixWith", { title })}
          onClick={() => (mixed ? go("styles", first.name) : go("styles", first.name, name))}>
          <Icon name={mixed ? "check" : "plus"} /> {say("mix")}
        </button>
      )}
    </li>
  );
}

/** A painting's small picture, or its colours where the page has none. */
export function Small({ painting }: { painting: Painting }) {
  const address = picture(painting.name);
  return (
    <span class="painting-picture">
      {address ? <img src={address} alt="" width="320" height="240" loading="lazy" decoding="async" /> : <Palette painting={painting} />}
    </span>
  );
}

/** A painting's colours as strips; those who don't see them find the codes in the introduction. */
function Palette({ painting }: { painting: Painting }) {
  return (
    <span class="palette" aria-hidden="true">
      {colours(painting).map((colour) => <span key={colour} style={{ background: colour }} />)}
    </span>
  );
}
