/** Runs the suite's cases one after the other and tells how each ended. */

import { cases } from "../suite/index.ts";
import type { Library } from "../suite/suite-case.ts";

export interface CaseFailure {
  readonly name: string;
  readonly error: string;
}

export interface SuiteReport {
  /** Names of the cases that held, in their order. */
  readonly passed: readonly string[];
  readonly failed: readonly CaseFailure[];
}

export async function runCases(library: Library): Promise<SuiteReport> {
  const passed: string[] = [];
  const failed: CaseFailure[] = [];
  for (const { name, run } of cases) {
    try {
      await run(library);
      passed.push(name);
    } catch (error) {
      failed.push({
        name,
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      });
    }
  }
  return { passed, failed };
}
