/** Starts a program, waits for its end, and says what it wrote. */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import path from "node:path";

/** The repository's root directory. */
export const ROOT: string = path.resolve(import.meta.dirname, "..");

export interface CommandOptions {
  /** Default the repository's root. */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** "inherit" shows the output as it comes and collects none. Default "pipe". */
  readonly output?: "inherit" | "pipe";
  /** Milliseconds after which the program is killed. Default none. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  /** 128 + the signal's number where a signal ended it; 127 where it did not start. */
  readonly exitCode: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
  readonly seconds: number;
}

/** Runs `command` (its program first); never throws for what the program does. */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const startedAtMs = performance.now();
  const [program = "", ...parameters] = command;
  const all: Buffer[] = [];
  const out: Buffer[] = [];
  const child = spawn(program, parameters, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: options.output === "inherit" ? "inherit" : ["ignore", "pipe", "pipe"],
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: "SIGKILL" }),
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    all.push(chunk);
    out.push(chunk);
  });
  child.stderr?.on("data", (chunk: Buffer) => all.push(chunk));
  const exitCode = await new Promise<number>((resolve) => {
    child.on("error", (error) => {
      const message = `${program} does not start: ${error.message}\n`;
      all.push(Buffer.from(message));
      if (options.output === "inherit") process.stderr.write(message);
      resolve(127);
    });
    child.on("close", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0))),
    );
  });
  return {
    exitCode,
    output: Buffer.concat(all).toString("utf8"),
    stdout: Buffer.concat(out).toString("utf8"),
    seconds: (performance.now() - startedAtMs) / 1000,
  };
}
