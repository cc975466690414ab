import type { ClaimCheck, ClaimSubject } from "../claims/claim-check.ts";
import type { Clock } from "../ports.ts";
import type { Refusal } from "../refusal.ts";

/** The first refusal of the checks in their order. */
export function runChecks(
  checks: readonly ClaimCheck[],
  subject: ClaimSubject,
  clock: Clock,
): Refusal | undefined {
  const nowSeconds = readClockSeconds(clock);
  for (const check of checks) {
    const refusal = check.run(subject, nowSeconds);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** @throws Error where the clock gives no time: nothing can be judged without one. */
export function readClockSeconds(clock: Clock): number {
  const now = clock();
  if (!Number.isFinite(now)) throw new Error("The clock gave no finite number of milliseconds");
  return now / 1000;
}
