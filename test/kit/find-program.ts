import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

// Debian keeps servers out of the PATH of ordinary users.
const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/** The path of an installed program, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Why a test of this program cannot run, for `skip`; false where it can. In CI nothing is skipped: there a
 * missing program is a failure, so that a green run means that the tests ran.
 */
export function skipWithout(name: string): string | false {
  if (findProgram(name) !== undefined) return false;
  const problem = `${name} is not installed`;
  if (process.env["CI"] === "true") throw new Error(`${problem}; CI must install it`);
  process.stderr.write(`SKIPPED: ${problem}, so the tests that need it do not run here\n`);
  return problem;
}
