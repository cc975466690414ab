import { availableParallelism } from "node:os";

const IS_BUN = "bun" in process.versions;

/**
 * How many processes judge: as many as is said; with "auto" one for each core that this process may use. On Bun one
 * unless a number is said, for there workers cannot share what they are handed.
 */
export function chooseWorkerCount(workers: number | "auto"): number {
  if (workers !== "auto") return workers;
  return IS_BUN ? 1 : Math.min(64, Math.max(1, availableParallelism()));
}
