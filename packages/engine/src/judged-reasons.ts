/**
 * The reasons that the engine itself gives, and what a verdict says of each. Beside the whole table in `reasons.ts`,
 * which is built on it, so that whoever only validates does not carry what answers over HTTP and gRPC are made of.
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

/** Where a reason is found, what was found wrong (for operators, constant), and whose fault it is (default "client"). */
export type JudgedReasonRow = readonly [stage: Stage, message: string, fault?: Fault];

export type JudgedReason =
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
  | "token_replayed"
  | "binding_missing"
  | "binding_mismatch"
  | "dpop_proof_invalid"
  | "dpop_nonce_required"
  | "keys_unavailable"
  | "keys_stale"
  | "revocation_unavailable"
  | "replay_store_unavailable"
  | "status_list_unavailable"
  | "policy_unavailable"
  | "overloaded"
  | "internal_error";

export const JUDGED_REASONS: Readonly<Record<JudgedReason, JudgedReasonRow>> = {
  missing_token: ["request", "The request carries no access token"],
  malformed_request: [
    "request",
    "The request carries several credentials or a malformed Authorization header",
  ],
  malformed_token: ["token", "The token is no compact JWS of canonical base64url and strict JSON"],
  token_too_large: ["token", "The token is longer than the configured limit"],
  type_mismatch: ["header", "The token is of another type or kind than is accepted here"],
  critical_header_unsupported: ["header", "The header demands an extension that is not understood"],
  encryption_unsupported: ["header", "The token is encrypted"],
  algorithm_not_allowed: ["algorithm", "The header's alg is not on the issuer's list"],
  issuer_untrusted: ["issuer", "The token's iss is no configured issuer"],
  key_unknown: ["key", "The issuer's key set has no key of this kid and algorithm"],
  key_unsuitable: ["key", "The issuer's key of this kid does not fit: type, curve, use, alg or strength"],
  signature_invalid: ["signature", "The signature does not verify with the issuer's key"],
  token_expired: ["claims", "exp has passed"],
  token_not_yet_valid: ["claims", "nbf is still to come"],
  issued_in_future: ["claims", "iat is still to come"],
  lifetime_exceeded: ["claims", "The token lives longer than maxLifetimeSeconds"],
  token_too_old: ["claims", "The token was issued longer ago than maxAgeSeconds"],
  audience_mismatch: ["claims", "aud names none of the configured audiences"],
  claim_missing: ["claims", "A required claim is absent"],
  claim_invalid: ["claims", "A claim has a type or form that is not allowed"],
  token_revoked: ["status", "The token, its session, subject, client or key was revoked"],
  token_suspended: ["status", "The token's status is suspended"],
  token_replayed: ["status", "A token for one use was presented again"],
  binding_missing: ["binding", "The token is bound to a key whose possession the request does not prove"],
  binding_mismatch: [
    "binding",
    "The request proves possession of another key than the one the token is bound to",
  ],
  dpop_proof_invalid: ["binding", "The DPoP proof breaks a rule of RFC 9449 section 4.3"],
  dpop_nonce_required: ["binding", "The DPoP proof lacks the nonce that this server asks for"],
  keys_unavailable: ["key", "The issuer's keys were never fetched, or are too old", "system"],
  keys_stale: ["key", "Whether the issuer has published this kid could not be checked yet", "system"],
  revocation_unavailable: ["status", "The revocation feed is older than the route allows", "system"],
  replay_store_unavailable: ["status", "First use cannot be recorded", "system"],
  status_list_unavailable: [
    "status",
    "The status list that the token refers to gave no usable answer",
    "system",
  ],
  policy_unavailable: ["policy", "The policy engine gave no usable answer", "system"],
  overloaded: ["service", "More work is waiting than can be done in time", "system"],
  internal_error: ["service", "A defect in the validator; the request was refused", "system"],
};
