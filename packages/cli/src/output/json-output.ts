import type { Terminal } from "../terminal.ts";

// JSON has no infinity; the engine uses it for "never expires".
function replaceUnwritable(_name: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? null : value;
}

/** One line of JSON without the newline. */
export function formatJsonLine(value: unknown): string {
  return JSON.stringify(value, replaceUnwritable);
}

/** Writes one indented JSON document to standard output. */
export function writeJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value, replaceUnwritable, 2)}\n`);
}
