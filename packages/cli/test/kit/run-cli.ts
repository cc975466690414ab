import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Standard input; nothing where absent. */
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Arguments of node that run the command line from its sources. */
export const CLI_ARGUMENTS: readonly string[] = ["--conditions=@countersign/source", MAIN];

/** Runs the real command line as a process of its own, without colors as no stream is a terminal. */
export function runCli(args: readonly string[], { input, env }: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [...CLI_ARGUMENTS, ...args], {
    env: { ...process.env, FORCE_COLOR: undefined, ...env },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  // A command that refuses its arguments ends before it reads.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...output }));
  });
}
