// The page without network: a service worker keeps its files. A new version waits until it is let in.

import { signal } from "@preact/signals";

/** Whether a new version of the page lies ready; it takes over once the page is closed, or by `takeUpdate`. */
export const updateReady = signal(false);

let waiting: ServiceWorker | null = null;

/** Registers the service worker once the page is there; browsers have none where the address is not secure. */
export function keepForOffline(): void {
  if (!("serviceWorker" in navigator) || location.pathname.endsWith("/index.html")) return;
  globalThis.addEventListener("load", () => {
    navigator.serviceWorker.register(scriptUrl("sw.js") as string).then(watch).catch((cause: unknown) => console.warn("no offline copy:", cause));
  });
}

/** Tells when a new version lies ready. The first of all takes over at once: there is nothing it could break. */
function watch(registration: ServiceWorkerRegistration): void {
  const look = () => {
    if (!registration.waiting || !navigator.serviceWorker.controller) return;
    waiting = registration.waiting;
    updateReady.value = true;
  };
  look();
  // Let in by another tab: this one still shows the version before, whose parts are gone.
  let first = !navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!first) {
      waiting = null;
      updateReady.value = true;
    }
    first = false;
  });
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", look);
  });
}

/** Lets the new version in, and opens the page anew with it. */
export function takeUpdate(): void {
  if (!waiting) return location.reload();
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage("take over");
}

interface Policy {
  createScriptURL(url: string): unknown;
}
interface WithTrustedTypes {
  trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy };
}

/** The page's policy lets no script's address pass but this one (Trusted Types). */
function scriptUrl(name: "sw.js"): unknown {
  const types = (globalThis as WithTrustedTypes).trustedTypes;
  return types ? types.createPolicy("studio", { createScriptURL: () => name }).createScriptURL(name) : name;
}
