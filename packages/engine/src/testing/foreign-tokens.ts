/** Ready-made tokens of other kinds, from the same issuer and key: none of them is an access token (RFC 8725 section 3.12). */

import { encodeBase64url, toBytes } from "./encode-base64url.ts";
import type { TestTokenKind, TokenSigner } from "./test-token.ts";

const LOGOUT_EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };
const SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
// A status list of 16 entries of one bit: the octets b9 a3, compressed (draft-ietf-oauth-status-list section 4.2).
const STATUS_LIST = "eNrbuRgAAhcBXQ";

/** Half of a SHA-256: `at_hash` of OpenID Connect Core section 3.1.3.6, and whole as `ath` of RFC 9449 section 4.2. */
async function hash(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", toBytes(text)));
}

async function signProof({ sign, audience, key }: TokenSigner, omit: readonly string[]): Promise<string> {
  const { kid: _kid, use: _use, ...jwk } = key.publicJwk ?? {};
  const ath = encodeBase64url(await hash(await sign()));
  const claims = { htm: "GET", htu: `${audience}/orders`, ath };
  // The kid stays away in a real proof; beside access token claims it leads to the key all the more surely.
  const header = { typ: "dpop+jwt", jwk, ...(omit.length > 0 && { kid: undefined }) };
  return sign(claims, { header, omit });
}

/** Tokens that are no access tokens. */
export type ForeignTokenName =
  | "idToken"
  | "logoutToken"
  | "logoutTokenLegacyType"
  | "securityEventToken"
  | "dpopProof"
  | "dpopProofWithClaims"
  | "introspectionJwt"
  | "clientAssertion"
  | "statusListToken"
  | "transactionToken"
  | "requestObject";

export const FOREIGN_TOKENS: Readonly<Record<ForeignTokenName, TestTokenKind>> = Object.freeze({
  idToken: {
    description: "an ID token (OpenID Connect Core section 2) whose client has the API's name",
    expected: "type_mismatch",
    make: async ({ sign, audience, nowSeconds }) => {
      const at_hash = encodeBase64url((await hash(await sign())).subarray(0, 16));
      const claims = { azp: audience, nonce: "n-0S6_WzA2Mj", auth_time: nowSeconds - 60, at_hash };
      return sign(claims, { header: { typ: "JWT" }, omit: ["client_id", "scope", "jti"] });
    },
  },
  logoutToken: {
    description: "a logout token (OpenID Connect Back-Channel Logout section 2.4)",
    expected: "type_mismatch",
    make: ({ sign }) =>
      sign(
        { sid: "session-1", events: LOGOUT_EVENTS },
        { header: { typ: "logout+jwt" }, omit: ["client_id", "scope"] },
      ),
  },
  logoutTokenLegacyType: {
    description: "a logout token with the older typ JWT, told by its events only",
    expected: "type_mismatch",
    make: ({ sign }) =>
      sign(
        { sid: "session-1", events: LOGOUT_EVENTS },
        { header: { typ: "JWT" }, omit: ["client_id", "scope"] },
      ),
  },
  securityEventToken: {
    description: "a security event token (RFC 8417) that revokes a session",
    expected: "type_mismatch",
    make: ({ sign, issuer, nowSeconds }) => {
      const event = { initiating_entity: "admin", event_timestamp: nowSeconds };
      const claims = {
        sub_id: { format: "iss_sub", iss: issuer, sub: "user-1" },
        events: { [SESSION_REVOKED]: event },
      };
      return sign(claims, { header: { typ: "secevent+jwt" }, omit: ["sub", "exp", "client_id", "scope"] });
    },
  },
  dpopProof: {
    description: "a DPoP proof (RFC 9449 section 4.2), which names no issuer",
    expected: "claim_missing",
    make: (signer) => signProof(signer, ["iss", "sub", "aud", "exp", "client_id", "scope"]),
  },
  dpopProofWithClaims: {
    description: "a DPoP proof that has every claim of an access token besides",
    expected: "type_mismatch",
    make: (signer) => signProof(signer, []),
  },
  introspectionJwt: {
    description: "a signed introspection response (RFC 9701 section 5)",
    expected: "type_mismatch",
    make: ({ sign, issuer, audience, nowSeconds }) => {
      const token_introspection = {
        active: true,
        iss: issuer,
        sub: "user-1",
        aud: audience,
        client_id: "client-1",
        scope: "read write",
        iat: nowSeconds,
        exp: nowSeconds + 300,
      };
      return sign(
        { token_introspection },
        { header: { typ: "token-introspection+jwt" }, omit: ["sub", "exp", "jti", "client_id", "scope"] },
      );
    },
  },
  clientAssertion: {
    description: "a client assertion (RFC 7523 section 3) of the issuer acting as a client",
    expected: "type_mismatch",
    make: ({ sign, issuer }) =>
      sign({ sub: issuer }, { header: { typ: "client-authentication+jwt" }, omit: ["client_id", "scope"] }),
  },
  statusListToken: {
    description: "a status list token (draft-ietf-oauth-status-list section 5.1)",
    expected: "type_mismatch",
    make: ({ sign, audience }) =>
      sign(
        { sub: `${audience}/statuslists/1`, ttl: 43_200, status_list: { bits: 1, lst: STATUS_LIST } },
        { header: { typ: "statuslist+jwt" }, omit: ["aud", "jti", "client_id", "scope"] },
      ),
  },
  transactionToken: {
    description: "a transaction token (draft-ietf-oauth-transaction-tokens section 7)",
    expected: "type_mismatch",
    make: ({ sign }) => {
      const claims = { txn: crypto.randomUUID(), req_wl: "gateway.test", tctx: { action: "read" }, rctx: {} };
      return sign(claims, { header: { typ: "txntoken+jwt" }, omit: ["client_id"] });
    },
  },
  requestObject: {
    description: "an authorization request object (RFC 9101 section 4)",
    expected: "type_mismatch",
    make: ({ sign }) =>
      sign(
        { response_type: "code", redirect_uri: "https://client.test/callback" },
        { header: { typ: "oauth-authz-req+jwt" } },
      ),
  },
});
