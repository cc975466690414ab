/** `npm run format`: writes every file in the one format and in import order. Paths may follow; default all. */

import { runCommand } from "./run-command.ts";

const paths = process.argv.slice(2);
const { exitCode } = await runCommand(
  ["biome", "check", "--write", "--linter-enabled=false", ...(paths.length === 0 ? ["."] : paths)],
  { output: "inherit" },
);
process.exitCode = exitCode;
