/** The body of a refusal: problem details (RFC 9457). */

import type { ReasonName } from "../reasons.ts";
import { REASONS } from "../reasons.ts";
import type { Rejected } from "../validator/verdict.ts";

export interface ProblemOptions {
  /** URI reference of this occurrence, such as "urn:uuid:…". Never the request's URL with its query. */
  readonly instance?: string;
  /** Put before `code` to make `type`; should lead to documentation. Default: `type` is "about:blank". */
  readonly typeBase?: string;
  /** W3C trace id: 32 lower-case hexadecimal digits; another form is left out. */
  readonly traceId?: string;
}

/** Problem details as JSON. Constant per `code`, but for `instance` and `trace_id`. */
export interface Problem {
  readonly type: string;
  /** The status's name where `type` is "about:blank" (RFC 9457 section 4.2.1), else the same as `detail`. */
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** A reason as callers may know it; see `publicReason`. */
  readonly code: ReasonName;
  readonly instance?: string;
  readonly trace_id?: string;
}

const STATUS_NAMES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  503: "Service Unavailable",
} as const;

/**
 * The reason as callers may know it: which of key and signature failed would help whoever guesses keys,
 * so `key_unknown` and `key_unsuitable` are `signature_invalid` toward them. All others stay as they are.
 */
export function publicReason(reason: ReasonName): ReasonName {
  return reason === "key_unknown" || reason === "key_unsuitable" ? "signature_invalid" : reason;
}

/** Creates the problem details of a refusal: no claim, no key id, no configuration, nothing of the token. */
export function createProblem(rejected: Rejected, options: ProblemOptions = {}): Problem {
  const code = publicReason(rejected.reason);
  const { httpStatus, clientMessage } = REASONS[code];
  const { instance, typeBase, traceId } = options;
  return {
    type: typeBase === undefined ? "about:blank" : `${typeBase}${code}`,
    title: typeBase === undefined ? STATUS_NAMES[httpStatus] : clientMessage,
    status: httpStatus,
    detail: clientMessage,
    code,
    ...(instance === undefined ? {} : { instance }),
    ...(traceId !== undefined && /^[0-9a-f]{32}$/.test(traceId) ? { trace_id: traceId } : {}),
  };
}
