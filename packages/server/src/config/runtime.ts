/** True where the process runs on Bun, whose servers are not node's. */
export const RUNS_ON_BUN: boolean = "bun" in process.versions;
