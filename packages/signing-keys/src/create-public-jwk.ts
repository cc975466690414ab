import { createHash } from "node:crypto";
import type { PublicKeyMembers, PublicSigningJwk, SigningAlgorithm } from "./public-signing-jwk.ts";

/** The members that say which key it is, in lexicographic order (RFC 7638 section 3.2, RFC 8037 section 2, RFC 9964 section 4). */
function listIdentity(
  algorithm: SigningAlgorithm,
  members: PublicKeyMembers,
): Readonly<Record<string, string>> {
  switch (members.kty) {
    case "RSA":
      return { e: members.e, kty: members.kty, n: members.n };
    case "EC":
      return { crv: members.crv, kty: members.kty, x: members.x, y: members.y };
    case "OKP":
      return { crv: members.crv, kty: members.kty, x: members.x };
    case "AKP":
      return { alg: algorithm, kty: members.kty, pub: members.pub };
  }
}

/**
 * The key as a JWKS publishes it, named by its SHA-256 thumbprint (RFC 7638): a `kid` can then never mean another key.
 * `members` may have more than the public ones; nothing but those is taken.
 */
export function createPublicJwk(algorithm: SigningAlgorithm, members: PublicKeyMembers): PublicSigningJwk {
  const identity = listIdentity(algorithm, members);
  const kid = createHash("sha256").update(JSON.stringify(identity)).digest("base64url");
  return { ...identity, kid, alg: algorithm, use: "sig" } as unknown as PublicSigningJwk;
}
