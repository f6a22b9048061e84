// What was made here: kept on this device (IndexedDB), and nowhere else.

import { signal } from "@preact/signals";
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Options } from "./send.ts";
import { tell } from "./tell.ts";
import { words } from "./words.ts";

/** A thing of the history. */
export interface Kept {
  id: number;
  /** Milliseconds since 1970. */
  time: number;
  fn: string;
  /** The file's name. */
  name: string;
  options: Options;
  /** From press to answer. */
  seconds: number;
  model: string | null;
  before: Blob;
  /** The answer: a picture, or JSON (labels, boxes). */
  after: Blob;
  /** A small JPEG for lists; null where none could be made. */
  thumbnail: Blob | null;
}

/** A thing as lists show it: without the large blobs. */
export type Entry = Omit<Kept, "before" | "after"> & {
  /** Of both pictures and the thumbnail. */
  bytes: number;
};

interface Large {
  id: number;
  before: Blob;
  after: Blob;
}

interface Schema extends DBSchema {
  entries: { key: number; value: Entry };
  blobs: { key: number; value: Large };
}

const say = words(
  {
    room: "This device has little room: the oldest of the history made way.",
    full: "This device has no room for this result in the history. Download it to keep it.",
  },
  { room: "设备空间不足：已删除最早的历史记录。", full: "设备空间不足，无法把这个结果存入历史。请下载保存。" },
);

/** Longer side of a thumbnail, pixels. */
const SIDE = 256;

/** Counts changes, so that what shows the history is drawn anew. */
export const historyChanged = signal(0);

/** Whether this browser keeps anything (private windows may not); null until it was tried. */
export const historyWorks = signal<boolean | null>(null);

/** Other tabs of this page are told, and tell. */
const tabs = new BroadcastChannel("history");
tabs.onmessage = () => {
  historyChanged.value += 1;
};

function changed(): void {
  historyChanged.value += 1;
  tabs.postMessage(null);
}

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openIt().then(
    (found) => {
      historyWorks.value = true;
      return found;
    },
    (cause: unknown) => {
      opened = null;
      historyWorks.value = false;
      throw cause;
    },
  );
  return opened;
}

/** A promise from the first line on: where pages may keep nothing some browsers throw at once. */
async function openIt(): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>("darkroom", 1, {
    upgrade(made) {
      made.createObjectStore("entries", { keyPath: "id", autoIncrement: true });
      made.createObjectStore("blobs", { keyPath: "id" });
    },
    // Another tab wants a newer form of it, or the browser closed it: the next use opens it again.
    blocking: (_, __, event) => {
      (event.target as IDBDatabase).close();
      opened = null;
    },
    terminated: () => {
      opened = null;
    },
  });
}

/** Keeps a result. Where the device has no room the oldest go; where it refuses altogether this tells so and goes on. Never fails. */
export async function keep(thing: Omit<Kept, "id" | "time" | "thumbnail">): Promise<void> {
  const thumbnail = await small(thing.after.type.startsWith("image/") ? thing.after : thing.before);
  await put({ ...thing, time: Date.now(), thumbnail });
}

/** Puts back what was removed, and says whether it is back. Never fails. */
export async function restore(thing: Kept): Promise<boolean> {
  return put(thing);
}

/** Whether removing old things gave no room (some private windows): then what is there stays. */
let helpless = false;

/** Says whether it is kept; where not, a person has been told. */
async function put(thing: Omit<Kept, "id"> & { id?: number }): Promise<boolean> {
  const { before, after, ...rest } = thing;
  const entry = { ...rest, bytes: before.size + after.size + (thing.thumbnail?.size ?? 0) };
  let [freed, closed] = [0, false];
  for (;;) {
    try {
      await write(entry as Entry, before, after);
      break;
    } catch (cause) {
      if (historyWorks.value === false) return false;
      // Closed by another tab meanwhile: opened again, once.
      if (!closed && cause instanceof DOMException && cause.name === "InvalidStateError") {
        [closed, opened] = [true, null];
        continue;
      }
      // More than twice its own size was freed, and it is still refused: it is not the old things that are in the way.
      if (freed > 2 * entry.bytes) helpless = true;
      const more = isFull(cause) && !helpless ? await removeOldest() : 0;
      if (more === 0) {
        tell(say("full"));
        return false;
      }
      freed += more;
    }
  }
  helpless = false;
  if (freed > 0) tell(say("room"));
  changed();
  return true;
}

/** Both parts or none. The store of entries gives the number where there is none yet. */
async function write(entry: Entry, before: Blob, after: Blob): Promise<void> {
  const transaction = (await database()).transaction(["entries", "blobs"], "readwrite");
  void transaction.objectStore("entries").put(entry)
    .then((id) => transaction.objectStore("blobs").put({ id, before, after }))
    .catch(() => transaction.abort())
    .catch(() => {
      // It is over already: `done` tells why.
    });
  await transaction.done;
}

function isFull(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === "QuotaExceededError";
}

/** Bytes that it had; 0 where nothing is left to remove. */
async function removeOldest(): Promise<number> {
  try {
    const [oldest] = await list({ oldestFirst: true, most: 1 });
    if (!oldest) return 0;
    await remove(oldest.id);
    return oldest.bytes;
  } catch {
    return 0;
  }
}

/** The history, newest first; empty where this browser keeps none (`historyWorks`). */
export async function list({ oldestFirst = false, most = Infinity } = {}): Promise<Entry[]> {
  let store;
  try {
    store = (await database()).transaction("entries").store;
  } catch {
    return [];
  }
  const found: Entry[] = [];
  for (let cursor = await store.openCursor(null, oldestFirst ? "next" : "prev"); cursor && found.length < most; cursor = await cursor.continue()) {
    found.push(cursor.value);
  }
  return found;
}

/** A thing with its pictures; null where it is no longer there. */
export async function get(id: number): Promise<Kept | null> {
  const transaction = (await database()).transaction(["entries", "blobs"]);
  const [entry, large] = await Promise.all([transaction.objectStore("entries").get(id), transaction.objectStore("blobs").get(id)]);
  if (!entry || !large) return null;
  const { bytes: _, ...rest } = entry;
  return { ...rest, before: large.before, after: large.after };
}

/** Removes a thing. */
export async function remove(id: number): Promise<void> {
  const transaction = (await database()).transaction(["entries", "blobs"], "readwrite");
  await Promise.all([transaction.objectStore("entries").delete(id), transaction.objectStore("blobs").delete(id), transaction.done]);
  helpless = false;
  changed();
}

/** Removes everything. */
export async function removeAll(): Promise<void> {
  const transaction = (await database()).transaction(["entries", "blobs"], "readwrite");
  await Promise.all([transaction.objectStore("entries").clear(), transaction.objectStore("blobs").clear(), transaction.done]);
  helpless = false;
  changed();
}

/** Bytes that this page may keep on the device, all in all; null where the browser does not tell. */
export async function allowed(): Promise<number | null> {
  try {
    return (await navigator.storage.estimate()).quota ?? null;
  } catch {
    return null;
  }
}

/** A small JPEG of a picture, on white; null where the browser can't read it. */
async function small(body: Blob): Promise<Blob | null> {
  try {
    const bitmap = await createImageBitmap(body);
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    const context = canvas.getContext("2d");
    if (!context) return null;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
  } catch {
    return null;
  }
}
