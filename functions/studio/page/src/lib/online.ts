// Whether there is a network at all.

let asked: Promise<boolean> | null = null;

/** Whether the page's own server is reached: browsers often believe in a network that leads nowhere. By HEAD, which no offline copy answers. */
export function hasNetwork(): Promise<boolean> {
  if (!navigator.onLine) return Promise.resolve(false);
  asked ??= fetch("functions.json", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(5000) }).then(() => true, () => false).finally(() => (asked = null));
  return asked;
}
