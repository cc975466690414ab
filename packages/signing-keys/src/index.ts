/** Signing keys with a life, a planner for their rotation, and the places that hold them. */

export { createPublicJwk } from "./create-public-jwk.ts";
export type { PublicKeyMembers, PublicSigningJwk, SigningAlgorithm } from "./public-signing-jwk.ts";
export type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "./signer.ts";
export { SigningError, type SigningFailureKind } from "./signing-error.ts";
