/** Brings a runtime from npm into `.cache/runtimes`, beside the lock: most of them no lock can hold on every platform. */

import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { ROOT, runCommand } from "./run-command.ts";
import type { Runtime } from "./runtime-table.ts";

/** Where `installRuntime` puts the runtime's program. */
export function locateRuntime({ installs, program = "" }: Runtime): string {
  if (installs === undefined) return process.execPath;
  const packageName = installs.slice(0, installs.lastIndexOf("@"));
  return path.join(locateFolder(installs), "node_modules", packageName, program);
}

function locateFolder(installs: string): string {
  return path.join(ROOT, ".cache", "runtimes", installs.replaceAll(/[@/]/g, "_"));
}

/** Path of the runtime's program, installed where it was missing. @throws Error where npm cannot install it. */
export async function installRuntime(runtime: Runtime): Promise<string> {
  const { installs } = runtime;
  const binary = locateRuntime(runtime);
  if (installs === undefined || existsSync(binary)) return binary;
  const directory = locateFolder(installs);
  mkdirSync(directory, { recursive: true });
  const { exitCode, output } = await runCommand(
    [
      "npm",
      "install",
      "--prefix",
      ".",
      "--no-save",
      "--no-package-lock",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      installs,
    ],
    { cwd: directory },
  );
  if (exitCode !== 0 || !existsSync(binary)) throw new Error(`npm could not install ${installs}:\n${output}`);
  return binary;
}
