// A small picture of the list. Its address lives as long as it is shown.

import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";

export function useAddress(blob: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!blob) return setUrl(null);
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}

/** Purely to be seen: what it shows stands beside it in words. */
export function Thumbnail({ blob }: { blob: Blob | null }) {
  const url = useAddress(blob);
  return <span class="history-picture">{url ? <img src={url} alt="" decoding="async" /> : !blob && <Icon name="history" />}</span>;
}
