import type { PublicJwk } from "../platform/platform.ts";

const REQUIRED: Readonly<Record<PublicJwk["kty"], string[]>> = {
  RSA: ["e", "kty", "n"],
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  AKP: ["alg", "kty", "pub"],
};

/**
 * The text whose SHA-256 is a key's thumbprint (RFC 7638 section 3.2; RFC 8037 appendix A.3; RFC 9964):
 * the required members in lexicographic order, without whitespace. Equal exactly for equal keys.
 */
export function canonicalizeJwk(jwk: PublicJwk): string {
  return JSON.stringify(jwk, REQUIRED[jwk.kty]);
}
