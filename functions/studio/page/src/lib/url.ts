// An address for something in memory, as long as it is shown.

import { useEffect, useMemo } from "preact/hooks";

/** The object URL of what is shown; taken back when something else is, or nothing any more. */
export function useUrl(body: Blob | null): string | null {
  const url = useMemo(() => body && URL.createObjectURL(body), [body]);
  useEffect(() => {
    return () => {
      if (url) URL.revokeObjectURL(url);
    };
  }, [url]);
  return url;
}
