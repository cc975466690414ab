import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";
import { REASONS } from "../reasons.ts";
import type { Refusal } from "../refusal.ts";
import type { Rejected } from "./verdict.ts";

/** A refusal as a verdict: the reason's row, and what this refusal adds to it. */
export function createRejected(
  refusal: Pick<Refusal, "reason"> & Partial<Refusal>,
  issuer?: TrustedIssuer,
): Rejected {
  const { fault, stage, message } = REASONS[refusal.reason];
  return Object.freeze({
    ok: false,
    reason: refusal.reason,
    fault,
    stage,
    message,
    ...(refusal.expected !== undefined && { expected: refusal.expected }),
    ...(refusal.found !== undefined && { found: refusal.found }),
    ...(issuer !== undefined && { issuer: issuer.name }),
    ...(refusal.retryAfterSeconds !== undefined && { retryAfterSeconds: refusal.retryAfterSeconds }),
  });
}
