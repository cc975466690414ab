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

const HASH_BYTES = { "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 } as const;

const BLANK = {
  curve: undefined,
  hash: undefined,
  signatureBytes: undefined,
  saltBytes: undefined,
  keyBytes: undefined,
  aliasOf: undefined,
} as const;

function rsa(name: AlgorithmName, hash: HashName): Algorithm {
  return { ...BLANK, name, family: "rsa-pkcs1", keyType: "RSA", hash };
}

function rsaPss(name: AlgorithmName, hash: HashName): Algorithm {
  return { ...BLANK, name, family: "rsa-pss", keyType: "RSA", hash, saltBytes: HASH_BYTES[hash] };
}

function ecdsa(name: AlgorithmName, curve: Curve, hash: HashName, signatureBytes: number): Algorithm {
  return { ...BLANK, name, family: "ecdsa", keyType: "EC", curve, hash, signatureBytes };
}

function edwards(
  name: AlgorithmName,
  curve: Curve,
  signatureBytes: number,
  aliasOf?: AlgorithmName,
): Algorithm {
  return { ...BLANK, name, family: "eddsa", keyType: "OKP", curve, signatureBytes, aliasOf };
}

function hmac(name: AlgorithmName, hash: HashName): Algorithm {
  const bytes = HASH_BYTES[hash];
  return { ...BLANK, name, family: "hmac", keyType: "oct", hash, signatureBytes: bytes, keyBytes: bytes };
}

function mlDsa(name: AlgorithmName, keyBytes: number, signatureBytes: number): Algorithm {
  return { ...BLANK, name, family: "ml-dsa", keyType: "AKP", keyBytes, signatureBytes };
}

function table(rows: readonly Algorithm[]): Readonly<Record<AlgorithmName, Algorithm>> {
  const entries = Object.create(null) as Record<AlgorithmName, Algorithm>;
  for (const row of rows) entries[row.name] = Object.freeze(row);
  return Object.freeze(entries);
}

export const ALGORITHMS: Readonly<Record<AlgorithmName, Algorithm>> = /* @__PURE__ */ table([
  rsa("RS256", "SHA-256"),
  rsa("RS384", "SHA-384"),
  rsa("RS512", "SHA-512"),
  rsaPss("PS256", "SHA-256"),
  rsaPss("PS384", "SHA-384"),
  rsaPss("PS512", "SHA-512"),
  ecdsa("ES256", "P-256", "SHA-256", 64),
  ecdsa("ES384", "P-384", "SHA-384", 96),
  ecdsa("ES512", "P-521", "SHA-512", 132),
  edwards("Ed25519", "Ed25519", 64),
  edwards("Ed448", "Ed448", 114),
  edwards("EdDSA", "Ed25519", 64, "Ed25519"),
  hmac("HS256", "SHA-256"),
  hmac("HS384", "SHA-384"),
  hmac("HS512", "SHA-512"),
  mlDsa("ML-DSA-44", 1312, 2420),
  mlDsa("ML-DSA-65", 1952, 3309),
  mlDsa("ML-DSA-87", 2592, 4627),
]);

/** The algorithm of this exact name (case counts), or undefined. */
export function findAlgorithm(name: string): Algorithm | undefined {
  return (ALGORITHMS as Readonly<Record<string, Algorithm | undefined>>)[name];
}
