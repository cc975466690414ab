import type { ReasonName } from "./reasons.ts";

/**
 * What to do about each reason, for the reference page and for tools that explain. Beside the table of reasons
 * and not in it, so that whoever only validates does not carry the text.
 */
export const REMEDIES: Readonly<Record<ReasonName, string>> = /* @__PURE__ */ Object.freeze({
  missing_token: "Send the token as `Authorization: Bearer <token>`.",
  malformed_request:
    "Send exactly one `Authorization` header with one scheme, one space and one token (RFC 6750 section 2.1).",
  malformed_token:
    "Look at the token with `countersign inspect`. Duplicate members, padding and loose UTF-8 are refused on purpose.",
  token_too_large:
    "Issue smaller tokens, or raise `limits.tokenBytes` knowing that each byte is work for strangers.",
  type_mismatch:
    "Send an access token, not an ID token, logout token or proof; or list the type under `types`.",
  critical_header_unsupported:
    "Issue tokens without `crit`: no extension is supported (RFC 7515 section 4.1.11).",
  encryption_unsupported: "Have the issuer sign access tokens for this audience without encrypting them.",
  algorithm_not_allowed:
    "Add the algorithm to `algorithms` if the issuer is meant to use it. `none` cannot be added.",
  issuer_untrusted:
    "Compare `iss` code point by code point with the configuration: case, port and trailing slash count.",
  key_unknown:
    "Run `countersign issuer check`. The issuer signs with a key that it does not publish, or the token is not its own.",
  key_unsuitable: "Run `countersign issuer check`: it names the rule that each key breaks.",
  signature_invalid: "The token was changed, or signed by another key. Nothing is to be done on this side.",
  token_expired:
    "Get a new token. If fresh tokens are refused, compare the clocks of the issuer and of this machine.",
  token_not_yet_valid: "Compare the clocks of the issuer and of this machine; see `clockToleranceSeconds`.",
  issued_in_future: "Compare the clocks of the issuer and of this machine; see `clockToleranceSeconds`.",
  lifetime_exceeded:
    "Shorten the issuer's token lifetime, or set `maxLifetimeSeconds` to what the issuer really uses.",
  token_too_old: "Get a new token, or raise `maxAgeSeconds`.",
  audience_mismatch:
    "Ask the issuer for a token for this audience (RFC 8707), or add the audience to `audiences`.",
  claim_missing:
    "Have the issuer add the claim, or choose a profile or `requiredClaims` that fit the issuer.",
  claim_invalid: "Correct the issuer: the claim breaks RFC 7519 section 4.1 or the profile.",
  token_revoked: "Sign in again. The revocation entry names actor, reason and time.",
  token_suspended: "Wait until the issuer lifts the suspension.",
  token_inactive: "Get a new token.",
  token_replayed: "Get a new token for each request to this route.",
  binding_missing: "Send the DPoP proof or the client certificate that the token is bound to.",
  binding_mismatch: "Use the key with which the token was obtained.",
  dpop_proof_invalid: "Make a fresh proof for this method, URI and token.",
  dpop_nonce_required: "Repeat the request with the nonce of the answer's `DPoP-Nonce` header.",
  step_up_required: "Sign in again with the `acr_values` or `max_age` of the challenge (RFC 9470).",
  scope_insufficient: "Ask for a token with the scopes of the challenge.",
  policy_denied: "See the policy's own reasons in the audit log.",
  keys_unavailable: "Run `countersign issuer check`: it tries DNS, TCP, TLS, HTTP and each key.",
  keys_stale: "Retry after the given seconds. If it lasts, run `countersign issuer check`.",
  introspection_unavailable: "Check the endpoint, its credentials and its latency.",
  revocation_unavailable: "Check the connection to the revocation store.",
  replay_store_unavailable: "Check the connection to the replay store.",
  status_list_unavailable: "Check the status list's URI, type and signature.",
  policy_unavailable: "Check the policy engine, its latency and the type of its answers.",
  overloaded: "Add instances or cores, or find out who sends the load.",
  internal_error: "Report it with the operational log's entry.",
});
