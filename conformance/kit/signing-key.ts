/** Keys that sign anything with anything, also what no library would: for hostile tokens. */

import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { ALGORITHMS, type AlgorithmName } from "countersign";

/** Public JWK with `kid`, `alg` and `use`. */
export type PublicKeyJwk = Readonly<Record<string, string>>;

export interface SigningKey {
  readonly algorithm: AlgorithmName;
  readonly keyId: string;
  /** Empty for HMAC, whose key is `secret`. */
  readonly publicJwk: PublicKeyJwk;
  /** Undefined for HMAC. */
  readonly privateKey: KeyObject | undefined;
  /** Empty for all but HMAC. */
  readonly secret: Uint8Array;
  /** Signs with the key's algorithm, or with another one of the same key type. */
  sign(data: string | Uint8Array, as?: AlgorithmName): Uint8Array;
}

export interface SigningKeyOptions {
  /** Default the algorithm's name in lower case. */
  readonly keyId?: string;
  /** Default 2048. */
  readonly modulusBits?: number;
}

const CURVES = { "P-256": "P-256", "P-384": "P-384", "P-521": "P-521" } as const;
const DIGESTS = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" } as const;

/** Makes a fresh key. */
export function createSigningKey(algorithm: AlgorithmName, options: SigningKeyOptions = {}): SigningKey {
  const { keyId = algorithm.toLowerCase(), modulusBits = 2048 } = options;
  if (ALGORITHMS[algorithm].family === "hmac") {
    return secretKey(algorithm, { keyId, secret: randomBytes(ALGORITHMS[algorithm].keyBytes ?? 64) });
  }
  return wrapPrivateKey(generatePrivateKey(algorithm, modulusBits), { algorithm, keyId });
}

/** A signing key from a private JWK of a published vector. */
export function readSigningKey(
  jwk: Readonly<Record<string, unknown>>,
  names: { readonly algorithm: AlgorithmName; readonly keyId: string },
): SigningKey {
  if (jwk["kty"] === "oct") {
    return secretKey(names.algorithm, {
      keyId: names.keyId,
      secret: Buffer.from(String(jwk["k"]), "base64url"),
    });
  }
  return wrapPrivateKey(createPrivateKey({ key: { ...jwk }, format: "jwk" }), names);
}

const shared = new Map<string, SigningKey>();

/** The same key at every call: RSA keys cost a second each. */
export function sharedKey(algorithm: AlgorithmName): SigningKey {
  let key = shared.get(algorithm);
  if (key === undefined) {
    key = createSigningKey(algorithm);
    shared.set(algorithm, key);
  }
  return key;
}

/** HMAC with these octets, whatever they are. */
export function secretKey(
  algorithm: AlgorithmName,
  { keyId, secret }: { readonly keyId: string; readonly secret: Uint8Array },
): SigningKey {
  return {
    algorithm,
    keyId,
    publicJwk: {},
    privateKey: undefined,
    secret,
    sign: (data, as = algorithm) =>
      createHmac(DIGESTS[ALGORITHMS[as].hash ?? "SHA-256"], secret)
        .update(data)
        .digest(),
  };
}

function generatePrivateKey(algorithm: AlgorithmName, modulusBits: number): KeyObject {
  const { family, curve } = ALGORITHMS[algorithm];
  switch (family) {
    case "rsa-pkcs1":
    case "rsa-pss":
      return generateKeyPairSync("rsa", { modulusLength: modulusBits }).privateKey;
    case "ecdsa":
      return generateKeyPairSync("ec", { namedCurve: CURVES[curve as keyof typeof CURVES] }).privateKey;
    case "ml-dsa":
      return generateKeyPairSync(algorithm.toLowerCase() as "ml-dsa-44").privateKey;
    default:
      return curve === "Ed448"
        ? generateKeyPairSync("ed448").privateKey
        : generateKeyPairSync("ed25519").privateKey;
  }
}

/** Wraps any private key; `algorithm` only names what it signs with unless told otherwise. */
export function wrapPrivateKey(
  privateKey: KeyObject,
  { algorithm, keyId }: { readonly algorithm: AlgorithmName; readonly keyId: string },
): SigningKey {
  const members = createPublicKey(privateKey).export({ format: "jwk" }) as Readonly<Record<string, string>>;
  const publicJwk = { ...members, kid: keyId, use: "sig", alg: algorithm };
  return {
    algorithm,
    keyId,
    publicJwk,
    privateKey,
    secret: new Uint8Array(),
    sign: (data, as = algorithm) => signWith(privateKey, { data, algorithm: as }),
  };
}

function signWith(
  privateKey: KeyObject,
  { data, algorithm }: { readonly data: string | Uint8Array; readonly algorithm: AlgorithmName },
): Uint8Array {
  const { family, hash, saltBytes } = ALGORITHMS[algorithm];
  const digest = hash === undefined ? null : DIGESTS[hash];
  const octets = typeof data === "string" ? Buffer.from(data) : data;
  switch (family) {
    case "rsa-pss":
      return sign(digest, octets, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: saltBytes ?? 32,
      });
    case "ecdsa":
      return sign(digest, octets, { key: privateKey, dsaEncoding: "ieee-p1363" });
    default:
      return sign(digest, octets, privateKey);
  }
}
