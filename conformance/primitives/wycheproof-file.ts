/** Reads test vectors of C2SP/wycheproof from the folder `shared/vectors` beside the repository. */

import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

export interface WycheproofTest {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
  /** Hexadecimal, as all octets of the primitives' files. */
  readonly msg: string;
  readonly sig?: string;
  readonly tag?: string;
  readonly key?: string;
  /** Compact serialization, in the files of JOSE. */
  readonly jws?: string;
}

export interface WycheproofGroup {
  readonly tests: readonly WycheproofTest[];
  readonly comment?: string;
  readonly publicKey?: {
    readonly uncompressed?: string;
    readonly pk?: string;
    readonly modulus?: string;
    readonly publicExponent?: string;
  };
  readonly private?: { readonly keys?: readonly JsonKey[] };
  readonly public?: { readonly keys?: readonly JsonKey[] };
}

export type JsonKey = Readonly<Record<string, unknown>>;

interface WycheproofFile {
  readonly numberOfTests: number;
  readonly testGroups: readonly WycheproofGroup[];
}

const FOLDER = fileURLToPath(new URL("../../../shared/vectors/", import.meta.url));

/**
 * Registers a test on one file. Where the vectors are not there, it is skipped with a warning, and fails
 * where `CI` is "true": a run without vectors proves nothing. `missing` says what the runtime lacks, if so.
 */
export function testVectors(
  { name, missing }: { readonly name: string; readonly missing?: string | undefined },
  run: (groups: readonly WycheproofGroup[]) => Promise<void>,
): void {
  const path = `${FOLDER}wycheproof-${name}_test.json`;
  test(`Wycheproof ${name}: every vector is judged as stated, on both platforms`, async (context) => {
    if (!existsSync(path)) {
      const problem = "the Wycheproof vectors are not in ../shared/vectors; nothing was checked";
      if (process.env["CI"] === "true") throw new Error(problem);
      context.diagnostic(`WARNING: ${problem}`);
      context.skip(problem);
      return;
    }
    if (missing !== undefined) {
      context.skip(missing);
      return;
    }
    const file = JSON.parse(readFileSync(path, "utf8")) as WycheproofFile;
    const found = file.testGroups.reduce((sum, { tests }) => sum + tests.length, 0);
    if (found === 0 || found !== file.numberOfTests) throw new Error(`${name} has ${found} tests`);
    await run(file.testGroups);
  });
}

/** Octets of hexadecimal text. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

export function hexToBase64url(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64url");
}
