/**
 * A signed notice about subjects: a logout token (OpenID Connect Back-Channel Logout 1.0) or a security event token
 * (RFC 8417). A type of its own, so that nothing that takes tokens for access takes one of these.
 */

import type { AlgorithmName } from "../algorithms.ts";
import type { Claims, JoseHeader } from "./verified-token.ts";
import { type SignatureInput, verifySignature } from "./verify-signature.ts";

declare const verifiedEvent: unique symbol;

/** Deeply frozen. */
export interface VerifiedEvent {
  readonly [verifiedEvent]: true;
  readonly header: JoseHeader;
  readonly claims: Claims;
  /** The configured alias of the issuer, not its URL; that is `claims.iss`. */
  readonly issuer: string;
  readonly algorithm: AlgorithmName;
  readonly keyId: string | undefined;
}

/** The verified event, or undefined where no key verifies. */
export async function verifyEventSignature(input: SignatureInput): Promise<VerifiedEvent | undefined> {
  const verified = await verifySignature(input);
  if (verified === undefined) return undefined;
  const { header, claims, issuer, algorithm, keyId } = verified;
  const event: Omit<VerifiedEvent, symbol> = {
    header,
    claims,
    issuer,
    algorithm: algorithm as AlgorithmName,
    keyId,
  };
  return Object.freeze(event) as VerifiedEvent;
}
