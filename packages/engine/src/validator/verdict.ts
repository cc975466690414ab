/** What a validation answers. */

import type { Principal } from "../principal/principal.ts";
import type { Fault, ReasonName, Stage } from "../reasons.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";

export interface Accepted {
  readonly ok: true;
  readonly token: VerifiedToken;
  readonly principal: Principal;
  /** Where the proof's nonce is not the newest: the one to answer with in `DPoP-Nonce` (RFC 9449 section 8.2). */
  readonly dpopNonce?: string;
}

export interface Rejected {
  readonly ok: false;
  readonly reason: ReasonName;
  readonly fault: Fault;
  readonly stage: Stage;
  /** Constant per reason. */
  readonly message: string;
  /** From configuration or the standards only. */
  readonly expected?: string;
  /** Never token bytes; claim values only once the signature is verified. */
  readonly found?: string;
  /** Alias of the issuer where it was recognized. */
  readonly issuer?: string;
  /** For system faults: when asking again may help. */
  readonly retryAfterSeconds?: number;
  /** For `dpop_nonce_required`: the nonce to answer with in `DPoP-Nonce` (RFC 9449 section 9). */
  readonly dpopNonce?: string;
}

export type Verdict = Accepted | Rejected;

/** One step of `explain`. */
export interface ExplainedStep {
  readonly stage: Stage;
  /** The check's name, such as "exp" or "signature". */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly reason?: ReasonName;
  readonly expected?: string;
  readonly found?: string;
}

export interface Explanation {
  /** What `validate` answers for the same token at the same time. */
  readonly verdict: Verdict;
  /** Every check in its order, also after the first that failed; "skipped" where an earlier one made it impossible. */
  readonly steps: readonly ExplainedStep[];
  /** True once a key of the issuer verified the signature; only then do steps show claim values. */
  readonly signatureVerified: boolean;
}

/** Thrown by `verify`, so that a forgotten check fails closed. Has no stack trace: it is an answer, not a defect. */
export class TokenRejected extends Error {
  override readonly name = "TokenRejected";
  readonly verdict: Rejected;

  constructor(verdict: Rejected) {
    const limit = stackControl.stackTraceLimit;
    stackControl.stackTraceLimit = 0;
    super(`${verdict.reason}: ${verdict.message}`);
    stackControl.stackTraceLimit = limit;
    this.verdict = verdict;
  }

  get reason(): ReasonName {
    return this.verdict.reason;
  }
}

// V8, JavaScriptCore and SpiderMonkey read it; elsewhere it is an unused property.
const stackControl = Error as { stackTraceLimit?: number | undefined };
