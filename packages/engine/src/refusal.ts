import type { JudgedReason } from "./judged-reasons.ts";

export interface RefusalDetails {
  /** From configuration or the standards only. */
  readonly expected?: string | undefined;
  /** About form only: safe to show before the signature is verified. */
  readonly found?: string | undefined;
  /** For system faults: when asking again may help. */
  readonly retryAfterSeconds?: number | undefined;
  /** For `dpop_nonce_required`: the nonce to repeat the request with. */
  readonly dpopNonce?: string | undefined;
}

/** A check's negative answer, before it becomes a verdict. A class, so that it is never mistaken for what was checked. */
export class Refusal {
  readonly reason: JudgedReason;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly dpopNonce: string | undefined;

  constructor(reason: JudgedReason, { expected, found, retryAfterSeconds, dpopNonce }: RefusalDetails = {}) {
    this.reason = reason;
    this.expected = expected;
    this.found = found;
    this.retryAfterSeconds = retryAfterSeconds;
    this.dpopNonce = dpopNonce;
  }
}
