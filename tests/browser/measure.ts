// What processes use of the machine, by /proc.

import { readdirSync, readFileSync } from "node:fs";

/** A process: its command line, CPU seconds so far, resident memory in bytes. */
export interface Process {
  pid: number;
  parent: number;
  command: string;
  cpu: number;
  memory: number;
}

/** Clock ticks a second and bytes a page, as Linux has them on every machine this runs on. */
const TICKS = 100;
const PAGE_BYTES = 4096;

/** Every process of the machine. */
export function processes(): Process[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return [{ pid: Number(name), parent: fields[1] ?? 0, command, cpu: ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS, memory: (fields[21] ?? 0) * PAGE_BYTES }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** The processes of the browser that this program started. */
export function browserProcesses(): Process[] {
  const all = processes();
  const ours = new Set([process.pid]);
  for (let before = 0; before !== ours.size;) {
    before = ours.size;
    for (const one of all) if (ours.has(one.parent)) ours.add(one.pid);
  }
  return all.filter((one) => one.pid !== process.pid && ours.has(one.pid) && /\/chromium( |$)/.test(one.command));
}

/** CPU seconds of some processes. */
export function cpu(some: Process[]): number {
  return some.reduce((sum, one) => sum + one.cpu, 0);
}

/** The processes of a function, as the emulator starts them. */
export function functionProcesses(name: string): Process[] {
  return processes().filter((one) => new RegExp(`(^|/)release/${name}( |$)`).test(one.command));
}
