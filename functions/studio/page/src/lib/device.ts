// Small choices kept on this device. Where the browser keeps nothing for pages they last as long as this one is open.

const here = new Map<string, string>();

/** What was kept under a name; null: nothing. */
export function remembered(name: string): string | null {
  try {
    return here.get(name) ?? localStorage.getItem(name);
  } catch {
    return here.get(name) ?? null;
  }
}

/** Keeps a text under a name; null forgets it. */
export function remember(name: string, text: string | null): void {
  here.delete(name);
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    if (text !== null) here.set(name, text);
  }
}
