/** The suite that every runtime runs: the same cases on Node, Bun, Deno and workerd. Web APIs only. */

import { ALGORITHM_CASES } from "./algorithm-cases.ts";
import type { SuiteCase } from "./suite-case.ts";
import { TEXT_CASES } from "./text-cases.ts";
import { TOKEN_CASES } from "./token-cases.ts";
import { VALIDATOR_CASES } from "./validator-cases.ts";

export const cases: readonly SuiteCase[] = [
  ...ALGORITHM_CASES,
  ...TOKEN_CASES,
  ...TEXT_CASES,
  ...VALIDATOR_CASES,
];
