import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";
import { JUDGED_REASONS } from "../judged-reasons.ts";
import type { Refusal } from "../refusal.ts";
import type { Rejected } from "./verdict.ts";

/** A refusal as a verdict: the reason's row, and what this refusal adds to it. */
export function createRejected(refusal: Refusal, issuer?: TrustedIssuer): Rejected {
  const { reason, expected, found, retryAfterSeconds, dpopNonce } = refusal;
  const [stage, message, fault = "client"] = JUDGED_REASONS[reason];
  const rejected: Mutable<Rejected> = { ok: false, reason, fault, stage, message };
  if (expected !== undefined) rejected.expected = expected;
  if (found !== undefined) rejected.found = found;
  if (issuer !== undefined) rejected.issuer = issuer.name;
  if (retryAfterSeconds !== undefined) rejected.retryAfterSeconds = retryAfterSeconds;
  if (dpopNonce !== undefined) rejected.dpopNonce = dpopNonce;
  return Object.freeze(rejected);
}

type Mutable<T> = { -readonly [name in keyof T]: T[name] };
