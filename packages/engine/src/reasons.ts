/**
 * Every reason for which a token is refused, as data: whose fault it is, where it is found, and what
 * it becomes over HTTP (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3), gRPC and OCSF.
 * Answers, metrics labels, audit codes, the reference page and the tests follow from this table.
 * A reason is never renamed and never used again for something else.
 */

/** Who has to act: the caller ("client": 400, 401, 403) or the operator ("system": 503). */
export type Fault = "client" | "system";

/** The step of the walk that found the reason; also the order in which the steps run. */
export type Stage =
  | "request"
  | "token"
  | "header"
  | "issuer"
  | "algorithm"
  | "claims"
  | "key"
  | "signature"
  | "binding"
  | "status"
  | "policy"
  | "service";

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

type Row = Pick<ReasonEntry, "message"> & Partial<ReasonEntry>;

const REFUSED = "The access token is invalid";

function atStage(stage: Stage, defaults: Omit<ReasonEntry, "stage" | "message">) {
  return (row: Row): ReasonEntry => Object.freeze({ stage, ...defaults, ...row });
}

function invalidToken(stage: Stage, clientMessage: string = REFUSED): (row: Row) => ReasonEntry {
  return atStage(stage, {
    fault: "client",
    httpStatus: 401,
    grpcStatus: 16,
    challengeError: "invalid_token",
    ocsfDisposition: 26,
    clientMessage,
  });
}

const malformed = atStage("token", {
  fault: "client",
  httpStatus: 401,
  grpcStatus: 16,
  challengeError: "invalid_token",
  ocsfDisposition: 25,
  clientMessage: "The access token is malformed",
});

const forbidden = atStage("policy", {
  fault: "client",
  httpStatus: 403,
  grpcStatus: 7,
  challengeError: "insufficient_scope",
  ocsfDisposition: 2,
  clientMessage: "The access token does not permit this request",
});

function unavailable(stage: Stage): (row: Row) => ReasonEntry {
  return atStage(stage, {
    fault: "system",
    httpStatus: 503,
    grpcStatus: 14,
    ocsfDisposition: 27,
    clientMessage: "The access token cannot be checked at the moment",
  });
}

const inHeader = invalidToken("header");
const inClaims = invalidToken("claims");
const atKey = invalidToken("key");
const ofStatus = invalidToken("status", "The access token is no longer valid");

function table<const T extends Record<string, ReasonEntry>>(rows: T): Readonly<T> {
  return Object.freeze(Object.assign(Object.create(null) as T, rows));
}

/** The closed set of reasons. The keys are the public names. */
export const REASONS: Readonly<Record<ReasonName, ReasonEntry>> = /* @__PURE__ */ table({
  missing_token: atStage("request", {
    fault: "client",
    httpStatus: 401,
    grpcStatus: 16,
    ocsfDisposition: 26,
    clientMessage: "An access token is required",
  })({
    message: "The request carries no access token",
  }),
  malformed_request: atStage("request", {
    fault: "client",
    httpStatus: 400,
    grpcStatus: 3,
    challengeError: "invalid_request",
    ocsfDisposition: 25,
    clientMessage: "The request carries malformed or several credentials",
  })({
    message:
      "The request carries more than one credential, or an Authorization header that breaks the grammar",
  }),
  malformed_token: malformed({
    message: "The token is not a compact JWS with canonical base64url and strict JSON",
  }),
  token_too_large: malformed({
    message: "The token is longer than the configured limit",
  }),
  type_mismatch: inHeader({
    message:
      "The header's typ, or the kind of token that its claims reveal, is not one that is accepted here",
  }),
  critical_header_unsupported: inHeader({
    message: "The header's crit is malformed or names an extension that is not understood",
  }),
  encryption_unsupported: inHeader({
    message: "The token is encrypted, and this issuer's tokens are not accepted encrypted",
  }),
  algorithm_not_allowed: invalidToken("algorithm")({
    message: "The header's alg is not on the issuer's list of algorithms",
  }),
  issuer_untrusted: invalidToken("issuer")({
    message: "The token's iss is no configured issuer",
  }),
  key_unknown: atKey({
    message: "The issuer's current key set has no key of this kid and algorithm",
  }),
  key_unsuitable: atKey({
    message:
      "The issuer's key set has the kid, but type, curve, use, alg or strength of the key does not fit",
  }),
  signature_invalid: invalidToken("signature")({
    message: "The signature does not verify with the issuer's key",
  }),
  token_expired: invalidToken(
    "claims",
    "The access token expired",
  )({
    message: "exp has passed",
  }),
  token_not_yet_valid: inClaims({
    message: "nbf is still to come",
  }),
  issued_in_future: inClaims({
    message: "iat is still to come",
  }),
  lifetime_exceeded: inClaims({
    message: "The token lives longer than maxLifetimeSeconds",
  }),
  token_too_old: inClaims({
    message: "The token was issued longer ago than maxAgeSeconds",
  }),
  audience_mismatch: inClaims({
    message: "aud names none of the configured audiences",
  }),
  claim_missing: inClaims({
    message: "A required claim is absent",
  }),
  claim_invalid: inClaims({
    message: "A claim has a type or form that its definition does not allow",
  }),
  token_revoked: ofStatus({
    ocsfDisposition: 24,
    message: "The token, its session, subject, client or key was revoked",
  }),
  token_suspended: ofStatus({
    ocsfDisposition: 24,
    message: "The token's status is suspended",
  }),
  token_inactive: ofStatus({
    message: "Introspection says that the token is not active",
  }),
  token_replayed: ofStatus({
    message: "A token for one use was presented again",
  }),
  binding_missing: invalidToken("binding")({
    message: "The token is bound to a key, and the request does not prove possession of it",
  }),
  binding_mismatch: invalidToken("binding")({
    message: "The request proves possession of another key than the one the token is bound to",
  }),
  dpop_proof_invalid: invalidToken(
    "binding",
    "The DPoP proof is invalid",
  )({
    challengeError: "invalid_dpop_proof",
    ocsfDisposition: 23,
    message: "The DPoP proof breaks a rule of RFC 9449 section 4.3",
  }),
  dpop_nonce_required: invalidToken(
    "binding",
    "A DPoP nonce is required",
  )({
    challengeError: "use_dpop_nonce",
    ocsfDisposition: 23,
    message: "The DPoP proof lacks the nonce that this server asks for",
  }),
  step_up_required: atStage("policy", {
    fault: "client",
    httpStatus: 401,
    grpcStatus: 16,
    challengeError: "insufficient_user_authentication",
    ocsfDisposition: 23,
    clientMessage: "A different authentication level is required",
  })({
    message: "The user's authentication is weaker or older than the route demands",
  }),
  scope_insufficient: forbidden({
    message: "The token lacks a scope that the route demands",
  }),
  policy_denied: forbidden({
    message: "The policy denies this principal this request",
  }),
  keys_unavailable: unavailable("key")({
    message:
      "No usable copy of the issuer's keys: they were never fetched, or are older than the stale bound",
  }),
  keys_stale: unavailable("key")({
    message: "The kid is unknown, and whether the issuer has published it could not be checked yet",
  }),
  introspection_unavailable: unavailable("status")({
    message: "The introspection endpoint gave no usable answer",
  }),
  revocation_unavailable: unavailable("status")({
    message: "The revocation feed is older than the route allows",
  }),
  replay_store_unavailable: unavailable("status")({
    message: "First use cannot be recorded",
  }),
  status_list_unavailable: unavailable("status")({
    message: "The status list that the token refers to gave no usable answer",
  }),
  policy_unavailable: unavailable("policy")({
    message: "The policy engine gave no usable answer",
  }),
  overloaded: unavailable("service")({
    message: "More work is waiting than can be done in time",
  }),
  internal_error: unavailable("service")({
    message: "A defect in the validator; the request was refused",
  }),
});

/** A reason's public name: API value, metric label, audit code and documentation anchor. */
export type ReasonName =
  | "missing_token"
  | "malformed_request"
  | "malformed_token"
  | "token_too_large"
  | "type_mismatch"
  | "critical_header_unsupported"
  | "encryption_unsupported"
  | "algorithm_not_allowed"
  | "issuer_untrusted"
  | "key_unknown"
  | "key_unsuitable"
  | "signature_invalid"
  | "token_expired"
  | "token_not_yet_valid"
  | "issued_in_future"
  | "lifetime_exceeded"
  | "token_too_old"
  | "audience_mismatch"
  | "claim_missing"
  | "claim_invalid"
  | "token_revoked"
  | "token_suspended"
  | "token_inactive"
  | "token_replayed"
  | "binding_missing"
  | "binding_mismatch"
  | "dpop_proof_invalid"
  | "dpop_nonce_required"
  | "step_up_required"
  | "scope_insufficient"
  | "policy_denied"
  | "keys_unavailable"
  | "keys_stale"
  | "introspection_unavailable"
  | "revocation_unavailable"
  | "replay_store_unavailable"
  | "status_list_unavailable"
  | "policy_unavailable"
  | "overloaded"
  | "internal_error";
