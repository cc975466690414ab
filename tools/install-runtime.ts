/** Brings a runtime from npm into `.cache/runtimes`, beside the lock: most of them no lock can hold on every platform. */

import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { ROOT, runCommand } from "./run-command.ts";
import type { Runtime } from "./runtime-table.ts";

/** Path of the runtime's program, installed where it was missing. @throws Error where npm cannot install it. */
export async function installRuntime({ installs, program = "" }: Runtime): Promise<string> {
  if (installs === undefined) return process.execPath;
  const directory = path.join(ROOT, ".cache", "runtimes", installs.replaceAll(/[@/]/g, "_"));
  const packageName = installs.slice(0, installs.lastIndexOf("@"));
  const binary = path.join(directory, "node_modules", packageName, program);
  if (existsSync(binary)) return binary;
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
