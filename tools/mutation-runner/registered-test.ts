/** Tests as their files register them, kept so that they can run again and again. */

import type { MockTracker } from "node:test";

/** The part of node's test context that the engine's tests may use; what is missing fails the first dry run. */
export interface RunningTest {
  readonly name: string;
  readonly mock: MockTracker;
  readonly signal: AbortSignal;
  after(hook: Hook): void;
  diagnostic(message: string): void;
  test(name: string, body: TestBody): Promise<void>;
}

export type TestBody = (context: RunningTest) => unknown;
export type Hook = () => unknown;

export interface RegisteredTest {
  readonly kind: "test";
  readonly id: string;
  readonly body: TestBody;
  readonly skipped: boolean;
}

export interface RegisteredSuite {
  readonly kind: "suite";
  readonly id: string;
  readonly before: Hook[];
  readonly after: Hook[];
  readonly beforeEach: Hook[];
  readonly afterEach: Hook[];
  readonly children: (RegisteredTest | RegisteredSuite)[];
}

export function createSuite(id: string): RegisteredSuite {
  return { kind: "suite", id, before: [], after: [], beforeEach: [], afterEach: [], children: [] };
}

/** All tests below a suite, in their order. */
export function listTests(suite: RegisteredSuite): RegisteredTest[] {
  return suite.children.flatMap((child) => (child.kind === "test" ? [child] : listTests(child)));
}
