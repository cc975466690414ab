import { REASONS } from "../reasons.ts";
import type { Rejected } from "../validator/verdict.ts";
import type { ChallengeOptions } from "./create-challenge.ts";
import { createChallenge } from "./create-challenge.ts";
import type { ProblemOptions } from "./create-problem.ts";
import { createProblem } from "./create-problem.ts";

export interface AnswerOptions extends ChallengeOptions, ProblemOptions {
  /**
   * Fresh nonce for `DPoP-Nonce` (RFC 9449 section 9). Default the refusal's own; one that breaks its grammar is left
   * out.
   */
  readonly dpopNonce?: string;
}

/** A whole HTTP answer, for any server. */
export interface HttpAnswer {
  readonly status: 400 | 401 | 403 | 503;
  /** Each name once. `Content-Length` is the server's to add. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Problem details as JSON. */
  readonly body: string;
}

/** `Retry-After` of a system fault that does not know better. */
const DEFAULT_RETRY_SECONDS = 5;
const MAX_RETRY_SECONDS = 86_400;
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/**
 * Creates the answer to a request that is refused: the reason's status, the challenge (client faults),
 * `Retry-After` in seconds (system faults; default 5, 1..86400), `Cache-Control: no-store`, problem details.
 * Never throws; never shows token bytes or claim values.
 */
export function answerRejected(rejected: Rejected, options: AnswerOptions = {}): HttpAnswer {
  const { httpStatus, fault } = REASONS[rejected.reason];
  const headers: (readonly [string, string])[] = [
    ["Content-Type", "application/problem+json"],
    ["Cache-Control", "no-store"],
  ];
  const challenge = createChallenge(rejected, options);
  if (challenge !== undefined) headers.push(["WWW-Authenticate", challenge]);
  if (fault === "system") headers.push(["Retry-After", String(boundRetry(rejected.retryAfterSeconds))]);
  const { dpopNonce = rejected.dpopNonce } = options;
  if (dpopNonce !== undefined && NONCE.test(dpopNonce)) headers.push(["DPoP-Nonce", dpopNonce]);
  return { status: httpStatus, headers, body: JSON.stringify(createProblem(rejected, options)) };
}

/** Whole seconds, rounded up, so that nobody comes back too early. */
function boundRetry(seconds: number | undefined): number {
  if (seconds === undefined || !Number.isFinite(seconds)) return DEFAULT_RETRY_SECONDS;
  return Math.min(Math.max(Math.ceil(seconds), 1), MAX_RETRY_SECONDS);
}
