// A small picture of the list. Its address lives as long as it is shown.

import { useUrl } from "../../lib/url.ts";
import { Icon } from "../../parts/icon.tsx";

/** Purely to be seen: what it shows stands beside it in words. */
export function Thumbnail({ blob }: { blob: Blob | null }) {
  const url = useUrl(blob);
  return <span class="history-picture">{url ? <img src={url} alt="" decoding="async" /> : <Icon name="history" />}</span>;
}
