// A browser as a person has it set up, what the page complains of, and waiting until something holds.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import type { Door } from "./fakes.ts";

/** The longest that anything is waited for; generous, since the machine may be busy. */
const WAIT_MS = 45_000;

export interface Options {
  /** After `#`: `/enhance/lowlight`. */
  at?: string;
  locale?: "en-GB" | "zh-CN";
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  /** A phone: touch, and a page that is laid out for it. */
  phone?: boolean;
  /** The service worker stays out unless a test is about it. */
  worker?: boolean;
  /** Complaints of the console that the test brings about on purpose. */
  expects?: RegExp[];
  /** Done before the page opens. */
  before?: (context: BrowserContext, door: Door) => unknown;
}

/** A context, as a person's browser is set up. */
export async function visit(browser: Browser, { locale, theme, width, height, phone, worker }: Options): Promise<BrowserContext> {
  const settings: BrowserContextOptions = {
    locale: locale ?? "en-GB",
    colorScheme: theme ?? "light",
    viewport: { width: width ?? (phone ? 390 : 1280), height: height ?? (phone ? 844 : 900) },
    permissions: ["clipboard-read", "clipboard-write", "camera"],
    ...(phone ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}),
  };
  const context = await browser.newContext(settings);
  context.setDefaultTimeout(WAIT_MS);
  // As in a browser that has none: what the page fetches then all comes by the door.
  if (!worker) await context.addInitScript(() => delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker);
  return context;
}

/** Errors of the console, breaches of the page's policy, failures of its program. */
export function listen(page: Page, complaints: string[]): void {
  page.on("console", (message) => {
    if (message.type() === "error" || /content security policy|trusted ?types/i.test(message.text())) {
      complaints.push(`${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => complaints.push(error.stack ?? `${error.name}: ${error.message}`));
}

/** Waits until `what` holds, asked again and again; its last answer stands in the failure. */
export async function until<T>(what: () => T | Promise<T>, means: string, milliseconds = WAIT_MS): Promise<NonNullable<T>> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const got = await what();
    if (got) return got as NonNullable<T>;
    if (performance.now() > end) throw new Error(`waited ${milliseconds} ms for: ${means}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
