// Chosen styles in words: for the line under a result, for captions.

import { words } from "../../lib/words.ts";
import { parsed } from "./mix.ts";
import type { Painting } from "./paintings.ts";
import { told } from "../../lib/translated.ts";

const say = words(
  {
    by: "{title} by {painter}", and: "{one} and {other}", shares: "{one} {share} %, {other} {rest} %", painted: "{name}, painted like {styles}",
  },
  {
    by: "{painter}的《{title}》", and: "{one}与{other}", shares: "{one} {share} %，{other} {rest} %", painted: "{name}，仿{styles}",
  },
);

function title(all: Painting[], name: string): string {
  return told(all.find((one) => one.name === name)?.title ?? name);
}

/** A style as it was sent: `The Starry Night 60 %, The Scream 40 %`. */
export function inWords(all: Painting[], style: string): string {
  const choice = parsed(style);
  if (!choice?.second) return title(all, choice?.first ?? style);
  const { first, second, percent } = choice;
  return say("shares", { one: title(all, first), share: 100 - percent, other: title(all, second), rest: percent });
}

/** A line for a poster: `cat_chelsea, painted like The Starry Night by Vincent van Gogh`. */
export function caption(all: Painting[], style: string, file: string): string {
  const choice = parsed(style);
  const by = (name: string) => {
    const painting = all.find((one) => one.name === name);
    return painting?.painter ? say("by", { title: told(painting.title), painter: told(painting.painter) }) : title(all, name);
  };
  const one = by(choice?.first ?? style);
  const styles = choice?.second ? say("and", { one, other: by(choice.second) }) : one;
  return say("painted", { name: file.replace(/\.[^.]+$/, ""), styles });
}
