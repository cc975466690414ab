/** Where a passphrase, a PIN or a token stands. Never the value itself: configurations are copied, logged and committed. */

import { open } from "node:fs/promises";
import { SigningError } from "../signing-error.ts";

export type SecretReference =
  /** A variable of the environment. */
  | { readonly env: string }
  /** A file that nobody else may read; its last line break does not count. */
  | { readonly file: string };

export interface SecretPurpose {
  readonly backend: string;
  /** Such as "the passphrase". */
  readonly what: string;
  /** Fewest characters. Default 1. */
  readonly leastLength?: number;
}

const MAX_BYTES = 65_536;
const READABLE_BY_OTHERS = 0o007;

/**
 * The value, read anew each time, so that one which is replaced while we run counts from then on.
 * @throws SigningError ("misconfigured")
 */
export async function readSecret(reference: SecretReference, purpose: SecretPurpose): Promise<string> {
  const { backend, what, leastLength = 1 } = purpose;
  const place = "env" in reference ? `the variable ${reference.env}` : `the file ${reference.file}`;
  const fail = (problem: string): never => {
    throw new SigningError(`${backend}: expected ${what} in ${place}, found ${problem}`, {
      kind: "misconfigured",
      backend,
    });
  };
  const text = "env" in reference ? process.env[reference.env] : await readFile(reference.file, fail);
  if (text === undefined) return fail("none; set it before the start");
  const value = text.replace(/\r?\n$/, "");
  if (value.length >= leastLength) return value;
  return fail(value === "" ? "an empty one" : `one that is shorter than ${leastLength} characters`);
}

async function readFile(path: string, fail: (problem: string) => never): Promise<string> {
  const file = await open(path, "r").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return fail(`no file that can be read (${code})`);
  });
  try {
    const { mode, size } = await file.stat();
    if (process.platform !== "win32" && (mode & READABLE_BY_OTHERS) !== 0) {
      return fail(`the mode ${(mode & 0o777).toString(8)}: everyone here may read it; run chmod o-rwx`);
    }
    if (size > MAX_BYTES) return fail(`${size} bytes, more than ${MAX_BYTES}`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
