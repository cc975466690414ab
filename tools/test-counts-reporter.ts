/** A reporter for `node --test` that writes one JSON line: how many tests passed, failed, were skipped, and which. */

import type { TestEvent } from "node:test/reporters";

export interface TestCounts {
  passed: number;
  failed: number;
  /** Tests that did not run here, each with its reason. */
  skipped: { readonly name: string; readonly reason: string }[];
}

/** Longer than any test may take: what keeps the process alive then is something a test left open. */
const IDLE_LIMIT_MS = 6 * 60_000;

type Outcome = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;

/** Suites and files hold tests and are not counted themselves. */
function isSuite({ data }: Outcome): boolean {
  return data.details.type === "suite";
}

function count(counts: TestCounts, event: Outcome): void {
  const { skip, todo, name } = event.data;
  if (skip !== undefined && skip !== false) {
    counts.skipped.push({ name, reason: typeof skip === "string" ? skip : "no reason given" });
  } else if (event.type === "test:pass") {
    counts.passed += 1;
  } else if (todo === undefined || todo === false) {
    counts.failed += 1;
  }
}

function failAsIdle(): never {
  const open = process.getActiveResourcesInfo().join(", ");
  console.error(`No test has started or ended for ${IDLE_LIMIT_MS / 1000} s; still open: ${open}`);
  process.exit(1);
}

// biome-ignore lint/style/noDefaultExport: the runner takes a reporter from the default export
export default async function* reportCounts(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: [] };
  const idle = setTimeout(failAsIdle, IDLE_LIMIT_MS).unref();
  for await (const event of source) {
    idle.refresh();
    if ((event.type === "test:pass" || event.type === "test:fail") && !isSuite(event)) count(counts, event);
  }
  clearTimeout(idle);
  yield `${JSON.stringify(counts)}\n`;
}
