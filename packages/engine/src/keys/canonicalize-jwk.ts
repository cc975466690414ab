import type { PublicJwk } from "../platform/platform.ts";

/**
 * The text whose SHA-256 is a key's thumbprint (RFC 7638 section 3.2; RFC 8037 appendix A.3; RFC 9964):
 * the required members in lexicographic order, without whitespace. Equal exactly for equal keys.
 */
export function canonicalizeJwk(jwk: PublicJwk): string {
  switch (jwk.kty) {
    case "RSA":
      return JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n });
    case "EC":
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
    case "OKP":
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x });
    case "AKP":
      return JSON.stringify({ alg: jwk.alg, kty: jwk.kty, pub: jwk.pub });
  }
}
