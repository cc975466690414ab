import type { Algorithm, AlgorithmName } from "../algorithms.ts";
import type { PublicJwk } from "./platform.ts";

/** `octets` octets of zero as base64url: a well-formed ML-DSA key, as any octets of that length are. */
function zeros(octets: number): string {
  return "A".repeat(Math.ceil((octets * 4) / 3));
}

const ED25519_BASE_POINT: PublicJwk = {
  kty: "OKP",
  crv: "Ed25519",
  x: "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY",
};

/** Base points of the curves: SEC 2 section 2, RFC 8032 sections 5.1 and 5.2. */
const PROBE_KEYS: Readonly<Partial<Record<AlgorithmName, PublicJwk>>> = {
  ES256: {
    kty: "EC",
    crv: "P-256",
    x: "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
    y: "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
  },
  ES384: {
    kty: "EC",
    crv: "P-384",
    x: "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3",
    y: "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f",
  },
  ES512: {
    kty: "EC",
    crv: "P-521",
    x: "AMaFjga3BATpzZ4-y2YjlbRCnGSBOQU_tSH4KK9ga009uqFLXnfv51ko_h3BJ6L_qN4zSLPBhWpCm_l-fjHC5b1m",
    y: "ARg5KWp4mjvABFyKX7QsfRvZmPVESVebRGgXr70XJz5mLJfucple9CZAxVC5AT-tB2E1PHCGonLCQIi-lHaf0WZQ",
  },
  Ed25519: ED25519_BASE_POINT,
  EdDSA: ED25519_BASE_POINT,
  Ed448: {
    kty: "OKP",
    crv: "Ed448",
    x: "FPow8lt5CJityNdOLBO9_cQ5fOYc_9M618KgBR6ceIdAmKNsc3PqS2LHyVY3IHaIJLy2bnFGP2kA",
  },
  "ML-DSA-44": { kty: "AKP", alg: "ML-DSA-44", pub: zeros(1312) },
  "ML-DSA-65": { kty: "AKP", alg: "ML-DSA-65", pub: zeros(1952) },
  "ML-DSA-87": { kty: "AKP", alg: "ML-DSA-87", pub: zeros(2592) },
};

/**
 * A public key with which a back end finds out whether its runtime can verify an algorithm.
 * Undefined for RSA and HMAC, which no supported runtime lacks.
 */
export function findProbeKey(algorithm: Algorithm): PublicJwk | undefined {
  return PROBE_KEYS[algorithm.name];
}
