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
  readonly claims?: readonly string[];
  /** What a claim's value may give away. */
  readonly values?: Readonly<Record<string, readonly unknown[]>>;
}

/** OpenID Connect Core 1.0 section 2. */
const ID_TOKEN: TokenKind = {
  name: "an ID token",
  claims: ["nonce", "at_hash", "c_hash", "s_hash"],
  values: { token_use: ["id"], typ: ["ID"] },
};

const TOKEN_KINDS: readonly TokenKind[] = [
  // Keycloak
  { name: "a refresh token", values: { typ: ["Refresh", "Offline"] } },
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

/** Refuses tokens whose claims belong to another kind of token than an access token, or an ID token where that is taken. */
export function createTokenKindCheck(takesIdTokens: boolean = false): ClaimCheck {
  const expected = takesIdTokens ? "an access token or an ID token" : "an access token";
  const kinds = takesIdTokens ? TOKEN_KINDS : [ID_TOKEN, ...TOKEN_KINDS];
  return {
    name: "token kind",
    expected,
    standsAlone: true,
    dependsOnTime: false,
    run({ claims }) {
      const found = recognizeKind(claims, kinds);
      return found === undefined ? undefined : new Refusal("type_mismatch", { expected, found });
    },
    show: ({ claims }) => recognizeKind(claims, kinds),
  };
}

function recognizeKind(claims: JsonObject, kinds: readonly TokenKind[]): string | undefined {
  for (const { name, claims: names, values } of kinds) {
    if (names?.some((claim) => claims[claim] !== undefined)) return name;
    for (const claim in values) if (values[claim]?.includes(claims[claim])) return name;
  }
  // A client speaks for itself about itself: iss and sub are both its identifier (RFC 7523 section 3).
  return claims["sub"] === claims["iss"] ? "a client assertion" : undefined;
}

/** `typ` in the form in which types are compared: lower case, without "application/" (RFC 7515 section 4.1.9). */
function normalizeType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, "");
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
    dependsOnTime: false,
    run({ header: { typ } }) {
      if (typ === undefined) return rules.absent ? undefined : absent;
      return accepted.has(normalizeType(typ)) ? undefined : mismatch;
    },
    show: ({ header }) => header.typ,
  };
}
