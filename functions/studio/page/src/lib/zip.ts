// Many files as one: packed one after the other, so that no more than a piece of one is in memory.

import { makeZip } from "client-zip";

export interface Packed {
  name: string;
  body: Blob;
}

/** A zip of the files, stored as they are. `told` hears how many have been begun. Names that occur twice get a number. */
export async function zip(files: Packed[], told: (count: number) => void): Promise<Blob> {
  const names = unique(files.map((file) => file.name));
  const now = new Date();
  function* inputs() {
    for (const [index, file] of files.entries()) {
      told(index);
      yield { name: names[index] ?? file.name, input: file.body.stream(), size: file.body.size, lastModified: now };
    }
  }
  const blob = await new Response(makeZip(inputs())).blob();
  return new Blob([blob], { type: "application/zip" });
}

/** Names that every file system takes and of which no two are alike, capitals aside. */
export function unique(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const safe = plain(name);
    const dot = safe.lastIndexOf(".");
    const [stem, end] = dot > 0 ? [safe.slice(0, dot), safe.slice(dot)] : [safe, ""];
    let free = safe;
    for (let count = 2; taken.has(free.toLowerCase()); count += 1) free = `${stem} (${count})${end}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

/** A name without what is a path, or means something to a system. */
function plain(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f\\/:*?"<>|]/g, "_").replace(/^[.\s]+|[.\s]+$/g, "") || "picture";
}
