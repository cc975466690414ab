/**
 * Preloaded into each process of the sidecar: tells now and then, in a file named for the process, how much it holds.
 * Right after a full collection, so that what is told is held and not merely not collected yet.
 */

import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isMainThread } from "node:worker_threads";

const folder = process.env["SOAK_FOLDER"];
const everyMs = Number(process.env["SOAK_EVERY_MS"]);

if (isMainThread && folder !== undefined && everyMs > 0) {
  const file = path.join(folder, String(process.pid));
  setInterval(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    // Replaced as a whole: nobody reads half of it.
    writeFileSync(`${file}.part`, JSON.stringify({ heldBytes: heapUsed + external, atMs: Date.now() }));
    renameSync(`${file}.part`, `${file}.json`);
  }, everyMs).unref();
}
