import type { AlgorithmName } from "countersign";

/** Algorithms that a published key can have: never a shared secret, and `Ed25519` under its own name only (RFC 9864). */
export type SigningAlgorithm = Exclude<AlgorithmName, "HS256" | "HS384" | "HS512" | "EdDSA">;

/** Which key it is: public members only, canonical base64url (RFC 7518 section 6, RFC 8037, RFC 9964). */
export type PublicKeyMembers =
  | { readonly kty: "RSA"; readonly n: string; readonly e: string }
  | { readonly kty: "EC"; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: "OKP"; readonly crv: string; readonly x: string }
  | { readonly kty: "AKP"; readonly pub: string };

/** What a JWKS says of a key (RFC 7517). `kid` is its thumbprint. */
export type PublicSigningJwk = PublicKeyMembers & {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: "sig";
};
