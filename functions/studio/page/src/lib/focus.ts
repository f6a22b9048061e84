// A button that is dead while its request runs loses the keyboard; this gives it back.

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A ref for the button, and what to call as it is pressed. */
export function useFocusBack(busy: boolean): [RefObject<HTMLButtonElement | null>, () => void] {
  const button = useRef<HTMLButtonElement>(null);
  const had = useRef(false);
  useEffect(() => {
    if (busy || !had.current) return;
    had.current = false;
    // Who went on to something else in the meantime stays there.
    if (document.activeElement === document.body) button.current?.focus({ preventScroll: true });
  }, [busy]);
  return [button, () => {
    had.current = document.activeElement === button.current;
  }];
}
