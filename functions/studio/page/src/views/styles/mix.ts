// Which style is chosen: one painting, or two in shares. As the functions write it: `a`, or `a:0.6,b:0.4`.

/** `second` is mixed in; percent 0..100 of it. */
export interface Choice {
  first: string;
  second: string | null;
  percent: number;
}

/** The value of the option `style`. At the ends of the slider it is one painting alone. */
export function written({ first, second, percent }: Choice): string {
  if (second === null || percent <= 0) return first;
  if (percent >= 100) return second;
  return `${first}:${(100 - percent) / 100},${second}:${percent / 100}`;
}

/** Reads a value of the option `style`; of more than two styles the first two. Null where it holds none. */
export function parsed(style: string): Choice | null {
  const parts = style.split(",").map((part) => {
    const [name = "", share = "1"] = part.split(":");
    return { name: name.trim(), share: Math.max(0, Number(share) || 0) };
  });
  const [first, second] = parts.filter((part) => part.name !== "");
  if (!first) return null;
  if (!second || second.name === first.name) return { first: first.name, second: null, percent: 50 };
  const sum = first.share + second.share;
  return { first: first.name, second: second.name, percent: sum > 0 ? Math.round((second.share / sum) * 100) : 50 };
}
