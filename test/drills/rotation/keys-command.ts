/** `countersign keys …` as a pipeline runs it: a process of its own, that can be killed. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface KeysResult {
  /** Null where it was killed. */
  readonly code: number | null;
  readonly json: Readonly<Record<string, unknown>>;
  readonly stderr: string;
}

export interface RunningKeys {
  readonly child: ChildProcess;
  readonly ended: Promise<KeysResult>;
}

const PROGRAM = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));

export function startKeys(configuration: string, args: readonly string[]): RunningKeys {
  const flags = ["--conditions=@countersign/source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(
    process.execPath,
    [...flags, PROGRAM, "keys", ...args, "--json", "--actor", "drill", "--config", configuration],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]): KeysResult => {
    let json: Record<string, unknown> = {};
    try {
      json = JSON.parse(stdout) as Record<string, unknown>;
    } catch {
      // It was killed, or has failed: the code says so.
    }
    return { code: code as number | null, json, stderr };
  });
  return { child, ended };
}

/** @throws Error where it ends otherwise than is wanted. */
export async function runKeys(
  configuration: string,
  args: readonly string[],
  wanted: readonly number[] = [0],
): Promise<KeysResult> {
  const result = await startKeys(configuration, args).ended;
  if (result.code !== null && wanted.includes(result.code)) return result;
  throw new Error(`keys ${args.join(" ")} ended with ${result.code}: ${result.stderr}`);
}
