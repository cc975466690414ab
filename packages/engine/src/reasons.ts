/**
 * Every reason for which a token is refused, as data: whose fault it is, where it is found, and what
 * it becomes over HTTP (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3), gRPC and OCSF.
 * Answers, metrics labels, audit codes, the reference page and the tests follow from this table.
 * A reason is never renamed and never used again for something else.
 */

import { type Fault, JUDGED_REASONS, type JudgedReason, type Stage } from "./judged-reasons.ts";

export type { Fault, Stage } from "./judged-reasons.ts";

/** `error` values of a challenge: RFC 6750 section 3.1, RFC 9449 section 7.1, RFC 9470 section 3. */
export type ChallengeError =
  | "invalid_request"
  | "invalid_token"
  | "insufficient_scope"
  | "insufficient_user_authentication"
  | "invalid_dpop_proof"
  | "use_dpop_nonce";

export interface ReasonEntry {
  readonly fault: Fault;
  readonly stage: Stage;
  readonly httpStatus: 400 | 401 | 403 | 503;
  /** google.rpc.Code: 3 INVALID_ARGUMENT, 7 PERMISSION_DENIED, 14 UNAVAILABLE, 16 UNAUTHENTICATED. */
  readonly grpcStatus: 3 | 7 | 14 | 16;
  /** Absent where the challenge carries no error (no credentials, RFC 6750 section 3.1) or none is due. */
  readonly challengeError?: ChallengeError;
  /** OCSF `disposition_id`: 2 blocked, 23 challenged, 24 revoked, 25 malformed, 26 unauthorized, 27 unavailable. */
  readonly ocsfDisposition: 2 | 23 | 24 | 25 | 26 | 27;
  /** For operators: constant, says what was found wrong. */
  readonly message: string;
  /** For the caller: says no more than the caller may know; alike for all key and signature failures. */
  readonly clientMessage: string;
}

/** What an answer is made of. */
type Answer = Omit<ReasonEntry, "fault" | "stage" | "message">;

const INVALID_TOKEN: Answer = {
  httpStatus: 401,
  grpcStatus: 16,
  challengeError: "invalid_token",
  ocsfDisposition: 26,
  clientMessage: "The access token is invalid",
};

const FORBIDDEN: Answer = {
  httpStatus: 403,
  grpcStatus: 7,
  challengeError: "insufficient_scope",
  ocsfDisposition: 2,
  clientMessage: "The access token does not permit this request",
};

const UNAVAILABLE: Answer = {
  httpStatus: 503,
  grpcStatus: 14,
  ocsfDisposition: 27,
  clientMessage: "The access token cannot be checked at the moment",
};

const NO_TOKEN: Answer = {
  httpStatus: 401,
  grpcStatus: 16,
  ocsfDisposition: 26,
  clientMessage: "An access token is required",
};

const INVALID_REQUEST: Answer = {
  httpStatus: 400,
  grpcStatus: 3,
  challengeError: "invalid_request",
  ocsfDisposition: 25,
  clientMessage: "The request carries malformed or several credentials",
};

function refused(stage: Stage, message: string, answer: Partial<Answer> = {}): ReasonEntry {
  return Object.freeze({ fault: "client", stage, message, ...INVALID_TOKEN, ...answer });
}

function unavailable(stage: Stage, message: string): ReasonEntry {
  return Object.freeze({ fault: "system", stage, message, ...UNAVAILABLE });
}

/** A reason that the engine itself gives. */
function judged(name: JudgedReason, changes: Partial<Answer> = {}): ReasonEntry {
  const [stage, message, fault = "client"] = JUDGED_REASONS[name];
  if (fault === "system") return unavailable(stage, message);
  return Object.freeze({ fault, stage, message, ...INVALID_TOKEN, ...changes });
}

/** What is formless is told from what is well formed and invalid. */
const MALFORMED: Partial<Answer> = { ocsfDisposition: 25, clientMessage: "The access token is malformed" };
const NO_LONGER_VALID: Partial<Answer> = { clientMessage: "The access token is no longer valid" };
const REVOKED: Partial<Answer> = {
  clientMessage: "The access token is no longer valid",
  ocsfDisposition: 24,
};

function createTable(): Readonly<Record<ReasonName, ReasonEntry>> {
  const { challengeError: _, ...noToken } = judged("missing_token", NO_TOKEN);
  return Object.freeze({
    __proto__: null,
    missing_token: Object.freeze(noToken),
    malformed_request: judged("malformed_request", INVALID_REQUEST),
    malformed_token: judged("malformed_token", MALFORMED),
    token_too_large: judged("token_too_large", MALFORMED),
    type_mismatch: judged("type_mismatch"),
    critical_header_unsupported: judged("critical_header_unsupported"),
    encryption_unsupported: judged("encryption_unsupported"),
    algorithm_not_allowed: judged("algorithm_not_allowed"),
    issuer_untrusted: judged("issuer_untrusted"),
    key_unknown: judged("key_unknown"),
    key_unsuitable: judged("key_unsuitable"),
    signature_invalid: judged("signature_invalid"),
    token_expired: judged("token_expired", { clientMessage: "The access token expired" }),
    token_not_yet_valid: judged("token_not_yet_valid"),
    issued_in_future: judged("issued_in_future"),
    lifetime_exceeded: judged("lifetime_exceeded"),
    token_too_old: judged("token_too_old"),
    audience_mismatch: judged("audience_mismatch"),
    claim_missing: judged("claim_missing"),
    claim_invalid: judged("claim_invalid"),
    ...createLaterRows(),
  });
}

/** Reasons of what comes after the claims, mostly judged by whoever embeds the engine; that none is missing is checked where both halves meet. */
function createLaterRows() {
  return {
    token_revoked: judged("token_revoked", REVOKED),
    token_suspended: judged("token_suspended", REVOKED),
    token_inactive: refused(
      "status",
      "The authorization server says that the token is not active",
      NO_LONGER_VALID,
    ),
    token_replayed: judged("token_replayed", NO_LONGER_VALID),
    binding_missing: judged("binding_missing"),
    binding_mismatch: judged("binding_mismatch"),
    dpop_proof_invalid: judged("dpop_proof_invalid", {
      challengeError: "invalid_dpop_proof",
      ocsfDisposition: 23,
      clientMessage: "The DPoP proof is invalid",
    }),
    dpop_nonce_required: judged("dpop_nonce_required", {
      challengeError: "use_dpop_nonce",
      ocsfDisposition: 23,
      clientMessage: "A DPoP nonce is required",
    }),
    step_up_required: refused(
      "policy",
      "The user's authentication is weaker or older than the route demands",
      {
        challengeError: "insufficient_user_authentication",
        ocsfDisposition: 23,
        clientMessage: "A different authentication level is required",
      },
    ),
    scope_insufficient: refused("policy", "The token lacks a scope that the route demands", FORBIDDEN),
    policy_denied: refused("policy", "The policy denies this principal this request", FORBIDDEN),
    keys_unavailable: judged("keys_unavailable"),
    keys_stale: judged("keys_stale"),
    introspection_unavailable: unavailable("status", "The introspection endpoint gave no usable answer"),
    revocation_unavailable: judged("revocation_unavailable"),
    replay_store_unavailable: judged("replay_store_unavailable"),
    status_list_unavailable: judged("status_list_unavailable"),
    policy_unavailable: judged("policy_unavailable"),
    overloaded: judged("overloaded"),
    internal_error: judged("internal_error"),
  } satisfies Partial<Record<ReasonName, ReasonEntry>>;
}

/** The closed set of reasons. The keys are the public names. */
export const REASONS: Readonly<Record<ReasonName, ReasonEntry>> = /* @__PURE__ */ createTable();

/** A reason's public name: API value, metric label, audit code and documentation anchor. */
export type ReasonName =
  | JudgedReason
  | "token_inactive"
  | "step_up_required"
  | "scope_insufficient"
  | "policy_denied"
  | "introspection_unavailable";
