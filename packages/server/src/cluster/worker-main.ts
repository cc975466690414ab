/** The program of a worker; started by `fork-worker.ts` alone. */

import cluster from "node:cluster";
import { runWorker } from "./run-worker.ts";

// A terminal and systemd signal the whole group. The primary has heard it too, and says when to stop; where it has
// died, the channel closes and ends this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

if (cluster.isWorker) runWorker();
else {
  process.stderr.write("countersign: a worker is started by its primary, not by hand\n");
  process.exitCode = 2;
}
