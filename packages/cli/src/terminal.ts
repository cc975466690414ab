import type { Readable, Writable } from "node:stream";
import { stripVTControlCharacters, styleText } from "node:util";

/** Styles of `node:util` that commands use. */
export type Style = Parameters<typeof styleText>[0];

/** Paints text, or returns it as it is where the stream is no terminal or NO_COLOR is set. */
export type Paint = (style: Style, text: string) => string;

/** What a command may know of the place it runs in. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  /** Paints for standard output. */
  readonly paint: Paint;
  /** Paints for standard error. */
  readonly paintError: Paint;
  /** Columns of standard output, or 80 where it is no terminal. */
  readonly columns: number;
}

/** The terminal of this process. */
export function createTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    stdin,
    stdout,
    stderr,
    paint: (style, text) => styleText(style, text, { stream: stdout }),
    paintError: (style, text) => styleText(style, text, { stream: stderr }),
    get columns(): number {
      return stdout.isTTY ? stdout.columns : 80;
    },
  };
}

/** Writes `countersign: …` to standard error, then hints in lines of their own. */
export function reportError(
  terminal: Terminal,
  { message, hints = [] }: { readonly message: string; readonly hints?: readonly string[] },
): void {
  const lines = message.split("\n").map((line) => `${terminal.paintError("red", "countersign:")} ${line}\n`);
  for (const hint of hints) lines.push(`${terminal.paintError("dim", `             ${hint}`)}\n`);
  terminal.stderr.write(lines.join(""));
}

/** Writes `countersign: warning: …` to standard error. */
export function reportWarning(terminal: Terminal, message: string): void {
  terminal.stderr.write(`${terminal.paintError("yellow", "countersign: warning:")} ${message}\n`);
}

/** Cells that a text takes, without its color codes. */
export function measureWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Writes and waits while the reader is slower than we are, so that memory stays bounded. */
export async function writeFully(stream: Writable, text: string): Promise<void> {
  if (stream.write(text)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.off("drain", settle).off("close", settle).off("error", settle);
      if (error instanceof Error) reject(error);
      else resolve();
    };
    stream.once("drain", settle).once("close", settle).once("error", settle);
  });
}
