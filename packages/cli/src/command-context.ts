import type { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** What each command gets: where to write, and how to tell its exit code. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly report: (exitCode: ExitCode) => void;
}
