import { createReadStream } from "node:fs";
import { CommandFailure } from "./command-failure.ts";
import { EXIT } from "./exit-code.ts";
import { readBounded } from "./read-bounded.ts";
import type { Terminal } from "./terminal.ts";
import { reportWarning } from "./terminal.ts";

/** Where a token may come from. At most one of the two; neither means standard input. */
export interface TokenOrigin {
  readonly argument: string | undefined;
  /** A path, or "-" for standard input. */
  readonly tokenFile: string | undefined;
}

/** Most bytes read from a file or standard input in search of one token. */
const MAX_INPUT_BYTES = 1_048_576;

// A file may hold a whole header line, as `curl -H @file` reads it.
const HEADER_PREFIX = /^(?:authorization:[ \t]*)?(?:bearer|dpop)[ \t]+/i;

/**
 * Reads one token. Surrounding white space and an `Authorization: Bearer ` in front are dropped.
 *
 * @throws CommandFailure where there is none, or more than `MAX_INPUT_BYTES`.
 */
export async function readToken(terminal: Terminal, { argument, tokenFile }: TokenOrigin): Promise<string> {
  if (argument !== undefined && tokenFile !== undefined) {
    throw new CommandFailure("a token argument and --token-file exclude each other", {
      exitCode: EXIT.usage,
    });
  }
  const text = argument ?? (await readText(terminal, tokenFile ?? "-"));
  if (argument !== undefined) {
    reportWarning(
      terminal,
      "arguments end up in the shell history and the process list; better use --token-file or standard input",
    );
  }
  const token = text.trim().replace(HEADER_PREFIX, "");
  if (token === "") {
    throw new CommandFailure("no token given", {
      exitCode: EXIT.usage,
      hints: ["name a file with --token-file FILE, or pipe the token into standard input"],
    });
  }
  return token;
}

async function readText(terminal: Terminal, path: string): Promise<string> {
  if (path !== "-") return readBounded(createReadStream(path), { name: path, maxBytes: MAX_INPUT_BYTES });
  if (terminal.stdin.isTTY) {
    terminal.stderr.write("countersign: paste the token, then press Enter and Ctrl-D\n");
  }
  return readBounded(terminal.stdin, { name: "standard input", maxBytes: MAX_INPUT_BYTES });
}
