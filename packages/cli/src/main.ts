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

// A name lookup that was given up cannot be taken back and would hold the process for as long as the resolver tries.
const LINGER_MS = 500;
setTimeout(() => {
  if (process.stdout.writableLength === 0) process.exit();
}, LINGER_MS).unref();
