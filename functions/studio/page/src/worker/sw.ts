// Keeps the page's own files, so that it opens without network, and what the functions last told of themselves. Pictures are never kept here.

export type {};

declare const FILES: string[];
declare const VERSION: string;
declare const self: ServiceWorkerGlobalScope;

const SHELL = `shell-${VERSION}`;
const TOLD = "told";
/** How long a network that may lead nowhere is waited for, milliseconds. */
const PATIENCE = 3000;
/** The page's own pictures, which never change: kept once they were seen. */
const SEEN = /^(paintings|samples|thumbnails)\/[\w/-]+\.jpg$/;
/** What is asked anew, and shown from before where there is no network. What a function tells at its root has no name of its own. */
const TELLS = /\/(functions\.json|about\.json|openapi\.json|models|models\/[\w-]+)$/;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    await (await caches.open(SHELL)).addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  })());
});

// A page that is open goes on with the files that it began with, until the person lets the new version in.
self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("shell-") && name !== SHELL);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  const scope = new URL(self.registration.scope);
  const ours = url.origin === scope.origin && url.pathname.startsWith(scope.pathname);
  const file = url.pathname.slice(scope.pathname.length) || "./";
  if (ours && file === "./") event.respondWith(front(request));
  else if (ours && (FILES.includes(file) || SEEN.test(file))) event.respondWith(shell(request, SEEN.test(file)));
  else if (request.mode !== "navigate" && (TELLS.test(url.pathname) || isRoot(request, url))) event.respondWith(fresh(request));
});

/** Whether a program asks a function what it is. */
function isRoot(request: Request, url: URL): boolean {
  return url.pathname.endsWith("/") && request.headers.get("accept") === "application/json";
}

/**
 * The page itself: from the network where that is quick, since its head says what it may connect to, and an operator may have said otherwise since;
 * else the kept one. It names its parts by their content, so they fit in either case.
 */
async function front(request: Request): Promise<Response> {
  const fresh = fetch(request);
  const kept = await (await caches.open(SHELL)).match("./", { ignoreVary: true });
  if (!kept) return fresh;
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), PATIENCE));
  return Promise.race([fresh.then((response) => (response.ok ? response : kept), () => kept), late]);
}

/** A kept file: what a version is made of stays together. */
async function shell(request: Request, seen: boolean): Promise<Response> {
  const files = await caches.open(SHELL);
  const kept = await files.match(request, { ignoreSearch: true, ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (seen && response.status === 200) await keep(files, request, response);
  return response;
}

/** From the network, else as it was told last. */
async function fresh(request: Request): Promise<Response> {
  const told = await caches.open(TOLD);
  try {
    const response = await fetch(request);
    if (response.ok) await keep(told, request, response);
    return response;
  } catch (cause) {
    const kept = await told.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw cause;
  }
}

/** Keeps a copy; where there is no room (or it may not be kept) the answer goes on all the same. */
async function keep(cache: Cache, request: Request, response: Response): Promise<void> {
  try {
    await cache.put(request, response.clone());
  } catch {
    // Shown, but not kept.
  }
}
