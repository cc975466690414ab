/** Assertions of the suite: no test library is on every runtime. */

import type { JsonValue, Verdict } from "countersign";

/** @throws Error that says what was expected and found, as JSON. */
export function expectEqual(found: unknown, expected: unknown, what = "value"): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right}, found ${left}`);
}

export function expectTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected ${what}`);
}

/** Compares the reason, or "ok". */
export function expectReason(verdict: Verdict, expected: string): void {
  expectEqual(verdict.ok ? "ok" : verdict.reason, expected, "reason");
}

export function expectClaim(verdict: Verdict, [name, value]: readonly [string, JsonValue]): void {
  expectTrue(verdict.ok, "an accepted token");
  if (verdict.ok) expectEqual(verdict.token.claims[name], value, name);
}

/** What the task throws. @throws Error where it throws nothing. */
export async function expectThrown(task: () => unknown): Promise<unknown> {
  try {
    await task();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}
