/** Which tests reach which source file, found in the dry run and kept in the sandbox for all processes. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { CoveragePerTestId } from "@stryker-mutator/api/core";

/** In Stryker's sandbox, which is the working directory. */
const FILE = "reached-mutants.json";

export function keepReachedMutants(perTest: CoveragePerTestId): void {
  const ids = Object.entries(perTest).map(([test, hits]) => [test, Object.keys(hits)]);
  writeFileSync(FILE, JSON.stringify(Object.fromEntries(ids)));
}

/** Tests that ran code of the instrumented file in the dry run; empty where none is known. */
export function findReachingTests(instrumentedFile: string): ReadonlySet<string> {
  if (!existsSync(FILE)) return new Set();
  const reached = JSON.parse(readFileSync(FILE, "utf8")) as Readonly<Record<string, readonly string[]>>;
  const text = readFileSync(instrumentedFile, "utf8");
  const mutants = new Set([...text.matchAll(/stryMutAct_\w+\("(\d+)"\)/g)].map(([, id = ""]) => id));
  const tests = Object.entries(reached).filter(([, ids]) => ids.some((id) => mutants.has(id)));
  return new Set(tests.map(([test]) => test));
}
