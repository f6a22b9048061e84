// What there is to know about a painting: painter, year, colours, lines, rights.

import { words } from "../../lib/words.ts";
import { Small } from "./gallery.tsx";
import { colours, type Painting } from "./paintings.ts";
import { told, year } from "../../lib/translated.ts";

const say = words(
  { own: "A style of one's own: nothing is told about it.", colours: "Colours", lines: "Lines", rights: "Rights" },
  { own: "自己的风格：没有更多介绍。", colours: "色彩", lines: "线条", rights: "版权" },
);

export function Introduction({ painting }: { painting: Painting }) {
  const { painter, lines, rights } = painting;
  const palette = colours(painting);
  return (
    <article class="card introduction" aria-label={told(painting.title)}>
      <div class="introduction-head">
        <Small painting={painting} />
        <div>
          <h2>{told(painting.title)}</h2>
          {painter && <p>{told(painter)}</p>}
          {painting.year && <p class="quiet">{year(painting.year)}</p>}
        </div>
      </div>
      {!painter && !lines && palette.length === 0 && <p class="quiet">{say("own")}</p>}
      {palette.length > 0 && (
        <ul class="hues" aria-label={say("colours")}>
          {palette.map((colour) => (
            <li key={colour}>
              <span class="hue" style={{ background: colour }} />
              <code>{colour}</code>
            </li>
          ))}
        </ul>
      )}
      {(lines || rights) && (
        <dl class="facts">
          {lines && <div><dt>{say("lines")}</dt><dd>{told(lines)}</dd></div>}
          {rights && <div><dt>{say("rights")}</dt><dd>{told(rights)}</dd></div>}
        </dl>
      )}
    </article>
  );
}
