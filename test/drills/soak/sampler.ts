/** Reads what each process of the sidecar takes, again and again: resident memory, what it holds, open descriptors. */

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Point } from "./judge.ts";

export const FIGURES = ["residentBytes", "heldBytes", "descriptors"] as const;
export type FigureName = (typeof FIGURES)[number];

export interface ProcessSeries {
  readonly pid: number;
  readonly name: string;
  readonly series: Readonly<Record<FigureName, Point[]>>;
}

const FILE = /^(\d+)\.json$/;
/** A process that told nothing for so long stands still. */
const LONGEST_SILENCE_MS = 60_000;

export class Sampler {
  readonly #folder: string;
  readonly #processes: readonly ProcessSeries[];

  private constructor(folder: string, processes: readonly ProcessSeries[]) {
    this.#folder = folder;
    this.#processes = processes;
  }

  /** Of the processes that have told something in the folder; the primary is the one that was started. */
  static async create(folder: string, primaryPid: number): Promise<Sampler> {
    const pids = await listProcesses(folder);
    const workers = pids.filter((pid) => pid !== primaryPid);
    const processes = pids.map((pid): ProcessSeries => {
      const name = pid === primaryPid ? "primary" : `worker ${workers.indexOf(pid) + 1}`;
      return { pid, name, series: { residentBytes: [], heldBytes: [], descriptors: [] } };
    });
    return new Sampler(folder, processes);
  }

  get processes(): readonly ProcessSeries[] {
    return this.#processes;
  }

  /** @throws Error where a process has ended, begun or fallen silent. */
  async sample(): Promise<void> {
    const pids = await listProcesses(this.#folder);
    const known = this.#processes.map(({ pid }) => pid);
    if (pids.join() !== known.join())
      throw new Error(`a process was replaced: expected ${known.join(", ")}, found ${pids.join(", ")}`);
    for (const { pid, name, series } of this.#processes) {
      const [status, descriptors, text] = await Promise.all([
        readFile(`/proc/${pid}/status`, "utf8"),
        readdir(`/proc/${pid}/fd`),
        readFile(path.join(this.#folder, `${pid}.json`), "utf8"),
      ]).catch((cause: unknown) => {
        throw new Error(`${name} (process ${pid}) has ended`, { cause });
      });
      const told = JSON.parse(text) as { readonly heldBytes: number; readonly atMs: number };
      if (Date.now() - told.atMs > LONGEST_SILENCE_MS)
        throw new Error(`${name} (process ${pid}) stands still`);
      const atMs = performance.now();
      series.residentBytes.push({ atMs, value: readResident(status) });
      series.heldBytes.push({ atMs, value: told.heldBytes });
      series.descriptors.push({ atMs, value: descriptors.length });
    }
  }
}

/** Pids that have told something, in order. */
export async function listProcesses(folder: string): Promise<readonly number[]> {
  const pids = (await readdir(folder)).flatMap((name) => FILE.exec(name)?.[1] ?? []).map(Number);
  return pids.toSorted((left, right) => left - right);
}

function readResident(status: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error("a process has no resident memory: it has ended");
  return Number(kibibytes) * 1024;
}
