/**
 * Every signature algorithm, as data: which key it needs, how long its signatures are, how a back end
 * calls it. RFC 7518 section 3, RFC 8037, RFC 9864, RFC 9964. `none`, RSA1_5 and ES256K are absent.
 */

export type KeyType = "RSA" | "EC" | "OKP" | "oct" | "AKP";
export type Curve = "P-256" | "P-384" | "P-521" | "Ed25519" | "Ed448";
export type HashName = "SHA-256" | "SHA-384" | "SHA-512";
export type AlgorithmFamily = "rsa-pkcs1" | "rsa-pss" | "ecdsa" | "eddsa" | "hmac" | "ml-dsa";

export interface Algorithm {
  /** The JOSE name, as in a header's `alg`. */
  readonly name: AlgorithmName;
  readonly family: AlgorithmFamily;
  readonly keyType: KeyType;
  readonly curve: Curve | undefined;
  readonly hash: HashName | undefined;
  /** Octets of a signature; undefined for RSA, where it is the modulus length. */
  readonly signatureBytes: number | undefined;
  /** PSS salt length in octets, equal to the hash length (RFC 7518 section 3.5). */
  readonly saltBytes: number | undefined;
  /** HMAC: least octets of a secret (RFC 7518 section 3.2). ML-DSA: octets of a public key. */
  readonly keyBytes: number | undefined;
  /** The algorithm that a key has where tokens may also name it by this one: `EdDSA` for Ed25519. */
  readonly aliasOf: AlgorithmName | undefined;
}

export type AlgorithmName =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "Ed25519"
  | "Ed448"
  | "EdDSA"
  | "HS256"
  | "HS384"
  | "HS512"
  | "ML-DSA-44"
  | "ML-DSA-65"
  | "ML-DSA-87";

type Row = readonly [
  name: AlgorithmName,
  family: AlgorithmFamily,
  keyType: KeyType,
  hash?: HashName | undefined,
  signatureBytes?: number,
  curve?: Curve | undefined,
  /** ML-DSA: octets of a public key. */
  keyBytes?: number | undefined,
  aliasOf?: AlgorithmName,
];

const ROWS: readonly Row[] = [
  ["RS256", "rsa-pkcs1", "RSA", "SHA-256"],
  ["RS384", "rsa-pkcs1", "RSA", "SHA-384"],
  ["RS512", "rsa-pkcs1", "RSA", "SHA-512"],
  ["PS256", "rsa-pss", "RSA", "SHA-256"],
  ["PS384", "rsa-pss", "RSA", "SHA-384"],
  ["PS512", "rsa-pss", "RSA", "SHA-512"],
  ["ES256", "ecdsa", "EC", "SHA-256", 64, "P-256"],
  ["ES384", "ecdsa", "EC", "SHA-384", 96, "P-384"],
  ["ES512", "ecdsa", "EC", "SHA-512", 132, "P-521"],
  ["Ed25519", "eddsa", "OKP", undefined, 64, "Ed25519"],
  ["Ed448", "eddsa", "OKP", undefined, 114, "Ed448"],
  ["EdDSA", "eddsa", "OKP", undefined, 64, "Ed25519", undefined, "Ed25519"],
  ["HS256", "hmac", "oct", "SHA-256", 32],
  ["HS384", "hmac", "oct", "SHA-384", 48],
  ["HS512", "hmac", "oct", "SHA-512", 64],
  ["ML-DSA-44", "ml-dsa", "AKP", undefined, 2420, undefined, 1312],
  ["ML-DSA-65", "ml-dsa", "AKP", undefined, 3309, undefined, 1952],
  ["ML-DSA-87", "ml-dsa", "AKP", undefined, 4627, undefined, 2592],
];

function createTable(): Readonly<Record<AlgorithmName, Algorithm>> {
  const table = Object.create(null) as Record<AlgorithmName, Algorithm>;
  for (const [name, family, keyType, hash, signatureBytes, curve, keyBytes, aliasOf] of ROWS) {
    table[name] = Object.freeze({
      name,
      family,
      keyType,
      curve,
      hash,
      signatureBytes,
      // As long as the hash, whose name ends with its bits.
      saltBytes: family === "rsa-pss" ? Number(hash?.slice(4)) / 8 : undefined,
      // An HMAC is as long as its hash, and a secret at least as long.
      keyBytes: family === "hmac" ? signatureBytes : keyBytes,
      aliasOf,
    });
  }
  return Object.freeze(table);
}

export const ALGORITHMS: Readonly<Record<AlgorithmName, Algorithm>> = /* @__PURE__ */ createTable();

/** The algorithm of this exact name (case counts), or undefined. */
export function findAlgorithm(name: string): Algorithm | undefined {
  return (ALGORITHMS as Readonly<Record<string, Algorithm | undefined>>)[name];
}
