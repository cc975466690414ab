import type { ReasonName } from "./reasons.ts";

/** A check's negative answer, before it becomes a verdict. A class, so that it is never mistaken for what was checked. */
export class Refusal {
  readonly reason: ReasonName;
  /** From configuration or the standards only. */
  readonly expected: string | undefined;
  /** About form only: safe to show before the signature is verified. */
  readonly found: string | undefined;
  /** For system faults: when asking again may help. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    reason: ReasonName,
    details: {
      readonly expected?: string | undefined;
      readonly found?: string | undefined;
      readonly retryAfterSeconds?: number | undefined;
    } = {},
  ) {
    this.reason = reason;
    this.expected = details.expected;
    this.found = details.found;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}
