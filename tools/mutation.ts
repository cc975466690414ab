/**
 * `npm run mutation`: changes the engine's code in small ways and asks whether a test notices. Remembers
 * results between runs; arguments go to Stryker (`npm run mutation -- --mutate 'packages/engine/src/token/*.ts'`,
 * `-- --force` to forget). The score and the survivors are printed, the report is in reports/mutation.
 */

import path from "node:path";
import { ROOT, runCommand } from "./run-command.ts";

const { exitCode } = await runCommand(["stryker", "run", ...process.argv.slice(2)], {
  // Thousands of short processes read the same modules: let them share what was compiled.
  env: { NODE_COMPILE_CACHE: path.join(ROOT, ".cache", "compiled") },
  output: "inherit",
});
process.exitCode = exitCode;
