import { availableParallelism } from "node:os";

const MAX_WORKERS = 64;
/** What a process takes under load, rounded up: 40 MiB of its own when idle. */
const PROCESS_BYTES = 128 * 2 ** 20;

/** What a machine, or the container on it, gives to this process. */
export interface Machine {
  /** Cores that it may use. */
  readonly cores: number;
  /** Bytes that all processes may take together; 0 where there is no bound. */
  readonly memoryBytes: number;
  /** Node's cluster, by which processes share listeners, is not elsewhere what it is there. */
  readonly isNode: boolean;
}

/**
 * How many processes judge: as many as is said; with "auto" one for each core, as far as there is memory for them
 * beside the primary. Elsewhere than on Node one, unless a number is said.
 */
export function chooseWorkerCount(workers: number | "auto", machine: Machine = readMachine()): number {
  if (workers !== "auto") return workers;
  const { cores, memoryBytes, isNode } = machine;
  if (!isNode) return 1;
  const withMemory = memoryBytes > 0 ? Math.floor(memoryBytes / PROCESS_BYTES) - 1 : MAX_WORKERS;
  return Math.max(1, Math.min(MAX_WORKERS, cores, withMemory));
}

function readMachine(): Machine {
  return {
    cores: availableParallelism(),
    memoryBytes: process.constrainedMemory(),
    isNode: !("bun" in process.versions || "deno" in process.versions),
  };
}
