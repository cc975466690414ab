/** Ready-made access tokens: good ones, and ones whose claims are wrong. */

import type { TestTokenKind } from "./test-token.ts";

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** Access tokens, good ones and ones with wrong claims. */
export type AccessTokenName =
  | "valid"
  | "validLegacyType"
  | "validForClient"
  | "validManyAudiences"
  | "expired"
  | "notYetValid"
  | "issuedInFuture"
  | "longLived"
  | "expiryInMilliseconds"
  | "wrongAudience"
  | "audiencePrefix"
  | "wrongIssuer"
  | "issuerWithSuffix"
  | "missingExpiry"
  | "expiryAsText"
  | "subjectAsNumber";

export const ACCESS_TOKENS: Readonly<Record<AccessTokenName, TestTokenKind>> = Object.freeze({
  valid: {
    description: "an access token as RFC 9068 describes it",
    expected: "ok",
    make: ({ sign }) => sign(),
  },
  validLegacyType: {
    description: "an access token with the older typ JWT",
    expected: "ok",
    make: ({ sign }) => sign({}, { header: { typ: "JWT" } }),
  },
  validForClient: {
    description: "an access token that a client got for itself (RFC 9068 section 2.2: sub is client_id)",
    expected: "ok",
    make: ({ sign }) => sign({ sub: "client-1", client_id: "client-1" }),
  },
  validManyAudiences: {
    description: "an access token for several audiences, ours among them",
    expected: "ok",
    make: ({ sign, audience }) => sign({ aud: ["https://other-api.test", audience] }),
  },
  expired: {
    description: "exp passed an hour ago",
    expected: "token_expired",
    make: ({ sign, nowSeconds }) =>
      sign({ iat: nowSeconds - 2 * HOUR_SECONDS, exp: nowSeconds - HOUR_SECONDS }),
  },
  notYetValid: {
    description: "nbf comes in an hour",
    expected: "token_not_yet_valid",
    make: ({ sign, nowSeconds }) =>
      sign({ nbf: nowSeconds + HOUR_SECONDS, exp: nowSeconds + 2 * HOUR_SECONDS }),
  },
  issuedInFuture: {
    description: "iat comes in an hour",
    expected: "issued_in_future",
    make: ({ sign, nowSeconds }) =>
      sign({ iat: nowSeconds + HOUR_SECONDS, exp: nowSeconds + 2 * HOUR_SECONDS }),
  },
  longLived: {
    description: "valid for thirty days",
    expected: "lifetime_exceeded",
    make: ({ sign, nowSeconds }) => sign({ exp: nowSeconds + 30 * DAY_SECONDS }),
  },
  expiryInMilliseconds: {
    description: "exp in milliseconds, as a program does that forgot to divide",
    expected: "lifetime_exceeded",
    make: ({ sign, nowSeconds }) => sign({ exp: (nowSeconds + 300) * 1000 }),
  },
  wrongAudience: {
    description: "aud names another API",
    expected: "audience_mismatch",
    make: ({ sign }) => sign({ aud: "https://other-api.test" }),
  },
  audiencePrefix: {
    description: "aud only begins like ours",
    expected: "audience_mismatch",
    make: ({ sign, audience }) => sign({ aud: `${audience}.evil.test` }),
  },
  wrongIssuer: {
    description: "iss is an issuer that nobody configured",
    expected: "issuer_untrusted",
    make: ({ sign }) => sign({ iss: "https://other-issuer.test/" }),
  },
  issuerWithSuffix: {
    description: "iss differs from ours by one character at its end",
    expected: "issuer_untrusted",
    make: ({ sign, issuer }) => sign({ iss: `${issuer}x` }),
  },
  missingExpiry: {
    description: "no exp: valid for ever",
    expected: "claim_missing",
    make: ({ sign }) => sign({}, { omit: ["exp"] }),
  },
  expiryAsText: {
    description: "exp is a string of digits instead of a number",
    expected: "claim_invalid",
    make: ({ sign, nowSeconds }) => sign({ exp: String(nowSeconds + 300) }),
  },
  subjectAsNumber: {
    description: "sub is a number instead of a string",
    expected: "claim_invalid",
    make: ({ sign }) => sign({ sub: 4711 }),
  },
});
