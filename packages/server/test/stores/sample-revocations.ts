/** Revocations for the tests of stores. */

import type { Revocation, RevocationTarget } from "countersign";

export const ISSUER = "https://idp.example.com/";
/** No test waits for it. */
export const LATER_MS: number = Date.now() + 3_600_000;

let count = 0;

/** With an id and a jti of its own. */
export function createRevocation(changes: Partial<Revocation> = {}): Revocation {
  count++;
  return {
    id: `r-${count}`,
    target: { kind: "token", issuer: ISSUER, value: `jti-${count}` },
    status: "revoked",
    actor: "operator",
    reason: "stolen laptop",
    createdAtMs: Date.now(),
    expiresAtMs: LATER_MS,
    ...changes,
  };
}

export function subjectTarget(value: string, issuedBeforeSeconds: number): RevocationTarget {
  return { kind: "subject", issuer: ISSUER, value, issuedBeforeSeconds };
}
