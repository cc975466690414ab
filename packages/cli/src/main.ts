#!/usr/bin/env node
import { EXIT } from "./exit-code.ts";
import { runProgram } from "./program.ts";
import { createTerminal } from "./terminal.ts";

// The reader has gone, as in `countersign … | head`: what is still to be said has nobody to hear it.
// Commands that must clean up have a listener of their own.
function leaveWithReader(): void {
  if (process.stdout.listenerCount("error") === 1) process.exit(EXIT.negative);
}

process.stdout.on("error", leaveWithReader);
process.exitCode = await runProgram(process.argv.slice(2), createTerminal());
