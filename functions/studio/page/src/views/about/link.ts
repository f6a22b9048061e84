// Addresses that others told: only those that lead to a page or to a letter are followed.

/** The address where it is one of the web or of mail; else null. */
export function followable(address: string | null | undefined): string | null {
  if (!address) return null;
  try {
    const url = new URL(address);
    return ["https:", "http:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
