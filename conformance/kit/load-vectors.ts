import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Published test vectors live beside the repository. */
const FOLDER = fileURLToPath(new URL("../../../shared/vectors", import.meta.url));

/** Why a test of vectors is skipped here, or false. Never skipped in CI: there a missing file fails. */
export const MISSING_VECTORS: string | false =
  existsSync(FOLDER) || process.env["CI"] === "true" ? false : `no folder of test vectors at ${FOLDER}`;

/** Reads one file of vectors. @throws Error where it is missing. */
export function loadVectors<T>(name: string): T {
  return JSON.parse(readFileSync(`${FOLDER}/${name}`, "utf8")) as T;
}
