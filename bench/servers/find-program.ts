import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

// Debian keeps servers out of the PATH of ordinary users; wheels that hold a server are kept in the checkout.
const FOLDERS = [
  fileURLToPath(new URL("../../.cache/programs/bin", import.meta.url)),
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...["/usr/sbin", "/usr/local/sbin", "/usr/local/go/bin"],
];

/** The path of an installed program, or undefined. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Something is not installed here; what it is and how it comes here. The benchmark goes on without it. */
export class ProgramMissing extends Error {}

/** @throws ProgramMissing with the remedy. */
export function requireProgram(name: string, remedy: string): string {
  const file = findProgram(name);
  if (file === undefined) throw new ProgramMissing(`${name} is not installed; ${remedy}`);
  return file;
}
