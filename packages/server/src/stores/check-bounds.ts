/** Bounds that every store holds its callers to. */

import { findRevocationProblem, isRevocationId, type Revocation } from "countersign";
import { MAX_APPENDED, MAX_PAGE, type RevocationLift, type RevocationQuery } from "./revocation-store.ts";

const MAX_WAIT_MS = 60_000;

/** @throws RangeError that quotes nothing of a revocation. */
export function checkRevocations(revocations: readonly Revocation[]): void {
  if (revocations.length > MAX_APPENDED) {
    throw new RangeError(
      `expected at most ${MAX_APPENDED} revocations at a time, found ${revocations.length}`,
    );
  }
  for (const [index, revocation] of revocations.entries()) {
    const problem = findRevocationProblem(revocation);
    if (problem !== undefined) throw new RangeError(`revocations[${index}].${problem}`);
  }
}

/** @throws RangeError */
export function checkLift({ id, actor, reason, liftedAtMs }: RevocationLift): void {
  const asRevocation: Revocation = {
    id,
    target: { kind: "token", issuer: "any", value: "any" },
    status: "revoked",
    actor,
    reason,
    createdAtMs: liftedAtMs,
    expiresAtMs: 0,
  };
  const problem = findRevocationProblem(asRevocation);
  if (problem !== undefined) throw new RangeError(problem.replace("createdAtMs", "liftedAtMs"));
}

/** @throws RangeError */
export function checkRead({ after, limit }: { readonly after: number; readonly limit: number }): void {
  checkPosition("after", after);
  checkLimit(limit);
}

/** @throws RangeError */
export function checkWait({
  after,
  timeoutMs,
}: {
  readonly after: number;
  readonly timeoutMs: number;
}): void {
  checkPosition("after", after);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_WAIT_MS) {
    throw new RangeError(`timeoutMs: expected a whole number from 1 to ${MAX_WAIT_MS}`);
  }
}

/** @throws RangeError */
export function checkQuery({ filter, limit, before }: RevocationQuery): void {
  checkLimit(limit);
  if (before !== undefined) checkPosition("before", before);
  if (filter.id !== undefined && !isRevocationId(filter.id))
    throw new RangeError("filter.id: expected an id");
}

/** @throws RangeError */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new RangeError(`limit: expected a whole number from 1 to ${MAX_PAGE}`);
  }
}

function checkPosition(name: string, position: number): void {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new RangeError(`${name}: expected a position, which is a whole number from 0 on`);
  }
}
