import type { SigningAlgorithm } from "../../public-signing-jwk.ts";

type Rsa = 2048 | 3072 | 4096;

/** How Google Cloud KMS calls the keys of each algorithm: there the key decides on hash and padding. */
const GOOGLE_KEYS: Readonly<Partial<Record<SigningAlgorithm, (rsaBits: Rsa) => string>>> = {
  RS256: (bits) => `RSA_SIGN_PKCS1_${bits}_SHA256`,
  // With SHA-512 there are keys of 4096 bits only, and with SHA-384 none.
  RS512: () => "RSA_SIGN_PKCS1_4096_SHA512",
  PS256: (bits) => `RSA_SIGN_PSS_${bits}_SHA256`,
  PS512: () => "RSA_SIGN_PSS_4096_SHA512",
  ES256: () => "EC_SIGN_P256_SHA256",
  ES384: () => "EC_SIGN_P384_SHA384",
  Ed25519: () => "EC_SIGN_ED25519",
};

const RSA_SIZES: readonly Rsa[] = [2048, 3072, 4096];

export const GOOGLE_ALGORITHMS: readonly SigningAlgorithm[] = Object.keys(GOOGLE_KEYS) as SigningAlgorithm[];

export function nameGoogleKey(algorithm: SigningAlgorithm, rsaBits: Rsa): string {
  return GOOGLE_KEYS[algorithm]?.(rsaBits) ?? "";
}

/** Whether a key that Google calls so signs with the algorithm, of whatever size. */
export function isGoogleKeyFor(algorithm: SigningAlgorithm, name: unknown): boolean {
  return RSA_SIZES.some((bits) => nameGoogleKey(algorithm, bits) === name);
}
