/**
 * Kinds of JWT that an issuer signs with the same key and that are no access tokens, as data: what their
 * `typ` is, and what their claims reveal where `typ` says nothing (RFC 8725 sections 3.11 and 3.12).
 */

import { Refusal } from "../refusal.ts";
import type { JsonObject } from "../token/json-value.ts";
import type { ClaimCheck } from "./claim-check.ts";

interface TokenKind {
  readonly name: string;
  /** Claims of which each alone gives the kind away. */
  readonly claims: readonly string[];
  /** What a claim's value may give away. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
}

const TOKEN_KINDS: readonly TokenKind[] = [
  // OpenID Connect Core 1.0 section 2
  {
    name: "an ID token",
    claims: ["nonce", "at_hash", "c_hash", "s_hash"],
    values: { token_use: ["id"], typ: ["ID"] },
  },
  // Keycloak
  { name: "a refresh token", claims: [], values: { typ: ["Refresh", "Offline"] } },
  // OpenID Connect Back-Channel Logout 1.0 section 2.4, RFC 8417 section 2.2
  { name: "a logout token or security event token", claims: ["events"], values: { typ: ["Logout"] } },
  // RFC 9449 section 4.2
  { name: "a DPoP proof", claims: ["htm", "htu", "ath"] },
  // RFC 9701 section 5
  { name: "an introspection response", claims: ["token_introspection"] },
  // OAuth Token Status List section 5.1
  { name: "a status list", claims: ["status_list"] },
  // OAuth Transaction Tokens
  { name: "a transaction token", claims: ["req_wl", "tctx", "rctx"] },
];

const CLIENT_ASSERTION = "a client assertion";

/** Refuses tokens whose claims belong to another kind of token than an access token. */
export function createTokenKindCheck(): ClaimCheck {
  const expected = "an access token";
  const refusals = new Map<string, Refusal>();
  for (const name of [...TOKEN_KINDS.map((kind) => kind.name), CLIENT_ASSERTION]) {
    refusals.set(name, new Refusal("type_mismatch", { expected, found: name }));
  }
  return {
    name: "token kind",
    expected,
    standsAlone: true,
    run({ claims }) {
      const kind = recognizeKind(claims);
      return kind === undefined ? undefined : refusals.get(kind);
    },
    show: ({ claims }) => recognizeKind(claims),
  };
}

function recognizeKind(claims: JsonObject): string | undefined {
  for (const kind of TOKEN_KINDS) {
    for (const name of kind.claims) if (claims[name] !== undefined) return kind.name;
    for (const name in kind.values) {
      if (kind.values[name]?.includes(claims[name] as string)) return kind.name;
    }
  }
  // A client speaks for itself about itself: iss and sub are both its identifier (RFC 7523 section 3).
  return claims["sub"] === claims["iss"] ? CLIENT_ASSERTION : undefined;
}

/** `typ` in the form in which types are compared: lower case, without "application/" (RFC 7515 section 4.1.9). */
function normalizeType(type: string): string {
  const lower = type.toLowerCase();
  const rest = lower.startsWith("application/") ? lower.slice("application/".length) : lower;
  return rest.includes("/") ? lower : rest;
}

/** Refuses headers whose `typ` is not among the accepted ones. */
export function createTypeCheck(rules: {
  readonly types: readonly string[];
  readonly absent: boolean;
}): ClaimCheck {
  const accepted = new Set(rules.types.map(normalizeType));
  const expected = `typ ${rules.types.join(" or ")}${rules.absent ? ", or no typ" : ""}`;
  const absent = new Refusal("type_mismatch", { expected, found: "no typ" });
  const mismatch = new Refusal("type_mismatch", { expected, found: "another typ" });
  return {
    name: "typ",
    expected,
    standsAlone: true,
    run({ header }) {
      if (header.typ === undefined) return rules.absent ? undefined : absent;
      return accepted.has(normalizeType(header.typ)) ? undefined : mismatch;
    },
    show: ({ header }) => header.typ,
  };
}
