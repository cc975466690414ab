/** Runs registered tests, as often as asked, in one process. */

import { mock } from "node:test";
import type { Hook, RegisteredSuite, RegisteredTest, RunningTest, TestBody } from "./registered-test.ts";
import { listTests } from "./registered-test.ts";

export interface TestOutcome {
  readonly id: string;
  /** Undefined where the test held. */
  readonly failure: string | undefined;
  readonly skipped: boolean;
  readonly timeSpentMs: number;
}

export interface RunPlan {
  /** Which tests run, by their identifier. */
  readonly includes: (id: string) => boolean;
  /** Stops at the first failure. */
  readonly bail: boolean;
  /** Called before a test or a suite's hooks begin, with undefined when they end. */
  readonly onScope: (id: string | undefined) => void;
}

/** Taken before any test replaces the timers. */
const nextTurn = setImmediate;
const now = performance.now.bind(performance);

/** Errors that reached nobody: a promise without a handler, a throw in a timer. */
const strayErrors: unknown[] = [];

/** Keeps the process alive through stray errors and counts them against the test that runs. */
export function catchStrayErrors(): void {
  process.on("uncaughtException", (error) => strayErrors.push(error));
  process.on("unhandledRejection", (reason) => strayErrors.push(reason));
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

async function runHooks(hooks: readonly Hook[]): Promise<void> {
  for (const hook of hooks) await hook();
}

async function runBody(name: string, body: TestBody): Promise<void> {
  const cleanUps: Hook[] = [];
  const controller = new AbortController();
  const tracker = new (mock.constructor as new () => typeof mock)();
  const context: RunningTest = {
    name,
    mock: tracker,
    signal: controller.signal,
    after: (hook) => void cleanUps.push(hook),
    diagnostic: () => undefined,
    test: async (inner, innerBody) => runBody(`${name} > ${inner}`, innerBody),
  };
  try {
    await body(context);
  } finally {
    controller.abort();
    tracker.reset();
    await runHooks(cleanUps);
  }
}

async function runTest(test: RegisteredTest, suites: readonly RegisteredSuite[]): Promise<TestOutcome> {
  if (test.skipped) return { id: test.id, failure: undefined, skipped: true, timeSpentMs: 0 };
  const startedAtMs = now();
  let failure: string | undefined;
  try {
    for (const suite of suites) await runHooks(suite.beforeEach);
    await runBody(test.id, test.body);
  } catch (error) {
    failure = describeError(error);
  }
  try {
    for (const suite of suites.toReversed()) await runHooks(suite.afterEach);
  } catch (error) {
    failure ??= describeError(error);
  }
  await new Promise<void>((resolve) => void nextTurn(resolve));
  const stray = strayErrors.splice(0)[0];
  if (stray !== undefined) failure ??= `nobody handled ${describeError(stray)}`;
  return { id: test.id, failure, skipped: false, timeSpentMs: now() - startedAtMs };
}

/** Outcomes of the planned tests below the suite; a failed `before` or `after` counts against the first of them. */
export async function runSuite(
  suites: readonly [...RegisteredSuite[], RegisteredSuite],
  plan: RunPlan,
): Promise<TestOutcome[]> {
  const suite = suites[suites.length - 1] as RegisteredSuite;
  const isPlanned = ({ id }: RegisteredTest): boolean => plan.includes(id);
  const [first] = listTests(suite).filter(isPlanned);
  if (first === undefined) return [];
  const outcomes: TestOutcome[] = [];
  const failed = (): boolean => plan.bail && outcomes.some(({ failure }) => failure !== undefined);
  const runOuterHooks = async (hooks: readonly Hook[]): Promise<void> => {
    plan.onScope(suite.id);
    try {
      await runHooks(hooks);
    } catch (error) {
      outcomes.push({ id: first.id, failure: describeError(error), skipped: false, timeSpentMs: 0 });
    }
    plan.onScope(undefined);
  };
  await runOuterHooks(suite.before);
  for (const child of outcomes.length > 0 ? [] : suite.children) {
    if (failed()) break;
    if (child.kind === "suite") {
      outcomes.push(...(await runSuite([...suites, child], plan)));
    } else if (isPlanned(child)) {
      plan.onScope(child.id);
      outcomes.push(await runTest(child, suites));
      plan.onScope(undefined);
    }
  }
  await runOuterHooks(suite.after);
  return outcomes;
}
