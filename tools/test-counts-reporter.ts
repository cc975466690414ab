/** A reporter for `node --test` that writes one JSON line: how many tests passed, which failed, which were skipped. */

import type { TestEvent } from "node:test/reporters";

interface UnfinishedTest {
  readonly name: string;
  readonly reason: string;
}

/** A failed test and the file it stands in; undefined where the runner cannot tell. */
export interface FailedTest {
  readonly name: string;
  readonly file: string | undefined;
}

export interface TestCounts {
  passed: number;
  /** With what failed outside of any test, such as a runner that ended too early. */
  failures: FailedTest[];
  /** Tests that did not run here, each with its reason. */
  skipped: UnfinishedTest[];
  /** Tests of what is known not to hold yet; they fail nothing. */
  todo: UnfinishedTest[];
}

/** Longer than any test may take: what keeps the process alive then is something a test left open. */
const IDLE_LIMIT_MS = 6 * 60_000;

type Outcome = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;

/** Suites and files hold tests and are not counted themselves; of a skipped suite, nothing else is heard. */
function isSuite({ data }: Outcome): boolean {
  return data.details.type === "suite";
}

/** The reason given with `skip` or `todo`, or undefined where the test has no such mark. */
function readReason(mark: string | boolean | undefined): string | undefined {
  if (mark === undefined || mark === false) return undefined;
  return typeof mark === "string" && mark !== "" ? mark : "no reason given";
}

function count(counts: TestCounts, event: Outcome): void {
  const { name } = event.data;
  const [skip, todo] = [readReason(event.data.skip), readReason(event.data.todo)];
  if (skip !== undefined) counts.skipped.push({ name, reason: skip });
  else if (todo !== undefined) counts.todo.push({ name, reason: todo });
  else if (event.type === "test:pass") counts.passed += 1;
  else counts.failures.push({ name, file: event.data.file });
}

function failAsIdle(): never {
  const open = process.getActiveResourcesInfo().join(", ");
  console.error(`No test has started or ended for ${IDLE_LIMIT_MS / 1000} s; still open: ${open}`);
  process.exit(1);
}

// biome-ignore lint/style/noDefaultExport: the runner takes a reporter from the default export
export default async function* reportCounts(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts: TestCounts = { passed: 0, failures: [], skipped: [], todo: [] };
  const idle = setTimeout(failAsIdle, IDLE_LIMIT_MS).unref();
  for await (const event of source) {
    idle.refresh();
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    if (!isSuite(event) || readReason(event.data.skip) !== undefined) count(counts, event);
  }
  clearTimeout(idle);
  yield `${JSON.stringify(counts)}\n`;
}
