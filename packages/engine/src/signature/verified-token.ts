/** A token whose signature was verified. Only `verify-signature.ts` makes one. */

import type { AlgorithmName } from "../algorithms.ts";
import type { JsonObject, JsonValue } from "../token/json-value.ts";

/** The protected header (RFC 7515 section 4.1). */
export interface JoseHeader extends JsonObject {
  readonly alg: string;
  readonly typ?: string;
  readonly kid?: string;
}

/** The registered claims (RFC 7519 section 4.1; RFC 9068 section 2.2) and whatever else the issuer signed. */
export interface Claims extends JsonObject {
  readonly iss: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  /** Seconds since the epoch, as all three times; fractions are allowed. */
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly client_id?: string;
  readonly scope?: string;
  readonly [name: string]: JsonValue | undefined;
}

declare const verified: unique symbol;

/** Deeply frozen. */
export interface VerifiedToken {
  readonly [verified]: true;
  readonly header: JoseHeader;
  readonly claims: Claims;
  /** The configured alias of the issuer, not its URL; that is `claims.iss`. */
  readonly issuer: string;
  /** "introspection" where no signature of the token's own was verified: its issuer vouched for it (RFC 7662). */
  readonly algorithm: AlgorithmName | "introspection";
  readonly keyId: string | undefined;
  /** Milliseconds since the epoch; Infinity only where the issuer's `exp` is "unchecked" and absent. */
  readonly expiresAt: number;
}
