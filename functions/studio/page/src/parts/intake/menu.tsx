// A button that opens a small panel over the page: closed by Escape, by a press elsewhere, and by what is chosen in it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icon.tsx";

export function Menu({ name, children }: { name: string; children: (close: () => void) => ComponentChildren }) {
  const whole = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open) return;
    const elsewhere = (event: Event) => event.target instanceof Node && !whole.current?.contains(event.target) && setOpen(false);
    addEventListener("pointerdown", elsewhere);
    addEventListener("focusin", elsewhere);
    return () => {
      removeEventListener("pointerdown", elsewhere);
      removeEventListener("focusin", elsewhere);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class="menu" ref={whole} onKeyDown={(event) => event.key === "Escape" && open && close()}>
      <button ref={button} type="button" aria-expanded={open} onClick={() => setOpen(!open)}><Icon name="more" /> {name}</button>
      {open && <div class="menu-panel card">{children(close)}</div>}
    </div>
  );
}
