/** A token that its issuer vouches for over an authenticated connection, in place of a signature (RFC 7662). */

import type { JsonObject } from "../token/json-value.ts";
import type { Claims, JoseHeader, VerifiedToken } from "./verified-token.ts";

/** Of a token that has none of its own. */
const STATED_HEADER: JoseHeader = Object.freeze({ alg: "introspection" });

export interface StatedTokenInput {
  /** Frozen all the way down, with the forms of registered claims checked. */
  readonly claims: JsonObject;
  /** The issuer's alias. */
  readonly issuer: string;
  /** The JWT that the issuer was asked about, where it is one whose signature was verified before. */
  readonly verified: VerifiedToken | undefined;
}

/** What is stated replaces the claims of a verified token; its header, algorithm and key stay. */
export function createStatedToken({ claims, issuer, verified }: StatedTokenInput): VerifiedToken {
  const stated: Omit<VerifiedToken, symbol> = {
    header: verified?.header ?? STATED_HEADER,
    claims: claims as Claims,
    issuer,
    algorithm: verified?.algorithm ?? "introspection",
    keyId: verified?.keyId,
    expiresAt: typeof claims["exp"] === "number" ? claims["exp"] * 1000 : Number.POSITIVE_INFINITY,
  };
  return Object.freeze(stated) as VerifiedToken;
}
