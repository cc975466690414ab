import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";
import { JUDGED_REASONS } from "../judged-reasons.ts";
import type { Refusal } from "../refusal.ts";
import type { Rejected } from "./verdict.ts";

/** A refusal as a verdict: the reason's row, and what this refusal adds to it. */
export function createRejected(
  { reason, expected, found, retryAfterSeconds, dpopNonce }: Refusal,
  issuer?: TrustedIssuer,
): Rejected {
  const [stage, message, fault = "client"] = JUDGED_REASONS[reason];
  return Object.freeze({
    ok: false,
    reason,
    fault,
    stage,
    message,
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
    ...(issuer && { issuer: issuer.name }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(dpopNonce !== undefined && { dpopNonce }),
  });
}
