/** Algorithms that the provider signs with. Keys of its own are always of ES256 and RS256 too. */
export type DevSigningAlgorithm = "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519";

export const SIGNING_ALGORITHMS: readonly string[] = ["ES256", "ES384", "RS256", "PS256", "Ed25519"];
