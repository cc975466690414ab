/** CPU and memory of a process and all its descendants, from Linux' own accounting. */

import { readdirSync, readFileSync } from "node:fs";

export interface ProcessUsage {
  /** User and system time of every thread that lives, since it began. */
  readonly cpuMicros: number;
  /** Memory that is its own, plus its share of what it shares. */
  readonly residentBytes: number;
}

export function readUsage(roots: readonly number[]): ProcessUsage {
  let cpuMicros = 0;
  let residentBytes = 0;
  for (const pid of listDescendants(roots)) {
    cpuMicros += readCpuMicros(pid);
    residentBytes += readResidentBytes(pid);
  }
  return { cpuMicros, residentBytes };
}

/** CPU microseconds of each process by itself, as `readUsage` sums them. */
export function readCpuByProcess(roots: readonly number[]): ReadonlyMap<number, number> {
  return new Map(listDescendants(roots).map((pid) => [pid, readCpuMicros(pid)]));
}

/** The roots and what they have started, as far as it still runs. */
function listDescendants(roots: readonly number[]): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? readParent(Number(name)) : undefined;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const found = new Set(roots.filter((pid) => parents.has(pid)));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** On-CPU nanoseconds of each thread: ticks of 10 ms, as in `stat`, are too coarse for short turns. */
function readCpuMicros(pid: number): number {
  let nanoseconds = 0;
  for (const thread of list(`/proc/${pid}/task`))
    nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0] ?? 0);
  return nanoseconds / 1000;
}

function readResidentBytes(pid: number): number {
  const [, kibibytes = "0"] = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`)) ?? [];
  return Number(kibibytes) * 1024;
}

function readParent(pid: number): number | undefined {
  // The name, in brackets, may hold anything.
  const [, parent] = /\) \S (\d+)/.exec(read(`/proc/${pid}/stat`).split("\n")[0] ?? "") ?? [];
  return parent === undefined ? undefined : Number(parent);
}

/** Processes and threads end while they are looked at. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
