/** Finds files that have grown beyond one job: 300 lines are long, 500 are too many but for tables. */

import type { Finding } from "./finding.ts";
import { readRepositoryFiles } from "./repository-files.ts";

const MAX_SOURCE_LINES = 500;
/** Tests are lists of cases and may be longer. */
const MAX_TEST_LINES = 900;

/** Tables: one entry after the other, read by looking up. */
const TABLES: ReadonlySet<string> = new Set(["packages/engine/src/reasons.ts"]);

function isCode(path: string): boolean {
  return /\.(ts|tsx|mjs)$/.test(path) && !path.includes(".generated.") && !TABLES.has(path);
}

export function checkFileLengths(root: string): Finding[] {
  return readRepositoryFiles(root, isCode).flatMap(({ path, text }) => {
    const lines = text.split("\n").length - 1;
    const limit = /(^|\/)test\//.test(path) ? MAX_TEST_LINES : MAX_SOURCE_LINES;
    if (lines <= limit) return [];
    return [
      {
        path,
        line: limit,
        message: `has ${lines} lines, at most ${limit} expected: split it by what its parts do`,
      },
    ];
  });
}
