/** `npm run build`: compiles every package to its `dist`, after removing what no source stands behind any more. */

import { ROOT, runCommand } from "./run-command.ts";
import { removeStaleOutput } from "./stale-output.ts";

const PROJECTS = [
  "packages/engine",
  "packages/engine/tsconfig.node.json",
  "packages/signing-keys",
  "packages/server",
  "packages/dev-idp",
  "packages/cli",
];

removeStaleOutput(ROOT);
const { exitCode } = await runCommand(["tsc", "-b", ...PROJECTS], { output: "inherit" });
process.exitCode = exitCode;
