// A thing of the history with its pictures, ready to be shown.

import { useEffect, useState } from "preact/hooks";
import { get, type Kept } from "../../lib/history.ts";
import { measure } from "../../lib/picture.ts";
import { linesOf, type Line } from "./described.ts";

interface Sized {
  /** An object URL. */
  url: string;
  /** Pixels, upright. */
  width: number;
  height: number;
}

export interface Loaded {
  kept: Kept;
  /** Null where the browser can't show this kind of picture. */
  before: Sized | null;
  after: Sized | null;
  /** What was told instead of a picture. */
  lines: Line[] | null;
}

/** The thing of that number; `gone` where it is no longer there; null while it is being read. Its addresses live as long as it is shown. */
export function useLoaded(id: number): Loaded | "gone" | null {
  const [loaded, setLoaded] = useState<Loaded | "gone" | null>(null);
  useEffect(() => {
    let current = true;
    const urls: string[] = [];
    const sized = async (body: Blob): Promise<Sized | null> => {
      const size = await measure(body);
      if (!size || !current) return null;
      const url = URL.createObjectURL(body);
      urls.push(url);
      return { url, ...size };
    };
    const load = async (): Promise<Loaded | "gone"> => {
      const kept = await get(id);
      if (!kept) return "gone";
      const picture = kept.after.type.startsWith("image/");
      const [before, after, lines] = await Promise.all([sized(kept.before), picture ? sized(kept.after) : null, picture ? null : linesOf(kept.after)]);
      return { kept, before, after, lines };
    };
    load().then(
      (found) => current && setLoaded(found),
      () => current && setLoaded("gone"),
    );
    return () => {
      current = false;
      for (const url of urls) URL.revokeObjectURL(url);
    };
  }, [id]);
  return loaded;
}
