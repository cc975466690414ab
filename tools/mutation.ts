/**
 * `npm run mutation`: changes the engine's code in small ways and asks whether a test notices. Remembers
 * results between runs; arguments go to Stryker (`npm run mutation -- --mutate 'packages/engine/src/token/*.ts'`,
 * `-- --force` to forget). The score and the survivors are printed, the report is in reports/mutation.
 */

import { runCommand } from "./run-command.ts";

const { exitCode } = await runCommand(["stryker", "run", ...process.argv.slice(2)], { output: "inherit" });
process.exitCode = exitCode;
