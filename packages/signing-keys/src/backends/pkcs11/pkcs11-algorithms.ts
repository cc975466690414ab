/** How a token calls each algorithm: the key's kind, how it is made, and how it signs. */

import type { webcrypto } from "node:crypto";
import { ALGORITHMS, type HashName } from "countersign";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";
import { type Attribute, CKA, CKG_MGF1, CKK, CKM, type Mechanism } from "./pkcs11-library.ts";

/** What SoftHSM and most tokens have. */
export const PKCS11_ALGORITHMS: readonly SigningAlgorithm[] = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "Ed25519"] as const),
];

const DIGESTS: Readonly<Record<HashName, "SHA256" | "SHA384" | "SHA512">> = {
  "SHA-256": "SHA256",
  "SHA-384": "SHA384",
  "SHA-512": "SHA512",
};
/** Object identifiers in DER; for Ed25519 first the curve's name as a PrintableString, which is what SoftHSM knows. */
const CURVES: Readonly<Record<string, readonly string[]>> = {
  "P-256": ["06082a8648ce3d030107"],
  "P-384": ["06052b81040022"],
  "P-521": ["06052b81040023"],
  Ed25519: ["130c656477617264733235353139", "06032b6570"],
};
const COORDINATE_BYTES: Readonly<Record<string, number>> = {
  "P-256": 32,
  "P-384": 48,
  "P-521": 66,
  Ed25519: 32,
};
const PUBLIC_EXPONENT = Buffer.from([1, 0, 1]);
const UNCOMPRESSED = 4;

export interface KeyPairing {
  readonly mechanism: Mechanism;
  /** One of them is to be in the template of the public half, the first that the token takes. */
  readonly parameters: readonly (readonly Attribute[])[];
  readonly keyType: number;
}

export function describePairing(algorithm: SigningAlgorithm, rsaBits: number): KeyPairing {
  const { keyType, curve = "" } = ALGORITHMS[algorithm];
  if (keyType === "RSA") {
    const parameters = [
      { type: CKA.MODULUS_BITS, value: rsaBits },
      { type: CKA.PUBLIC_EXPONENT, value: PUBLIC_EXPONENT },
    ];
    return {
      mechanism: { mechanism: CKM.RSA_PKCS_KEY_PAIR_GEN },
      parameters: [parameters],
      keyType: CKK.RSA,
    };
  }
  const parameters = (CURVES[curve] ?? []).map((hex) => [
    { type: CKA.EC_PARAMS, value: Buffer.from(hex, "hex") },
  ]);
  return curve === "Ed25519"
    ? { mechanism: { mechanism: CKM.EC_EDWARDS_KEY_PAIR_GEN }, parameters, keyType: CKK.EC_EDWARDS }
    : { mechanism: { mechanism: CKM.EC_KEY_PAIR_GEN }, parameters, keyType: CKK.EC };
}

export interface SigningMechanism {
  readonly mechanism: Mechanism;
  /** Whether the digest is made here: for ECDSA few tokens hash by themselves. */
  readonly takesDigest: boolean;
}

/** `pssParameters` is the package's number for the structure of PSS. */
export function describeSigning(algorithm: SigningAlgorithm, pssParameters: number): SigningMechanism {
  const { family, hash, saltBytes = 0 } = ALGORITHMS[algorithm];
  if (hash === undefined) return { mechanism: { mechanism: CKM.EDDSA }, takesDigest: false };
  const digest = DIGESTS[hash];
  if (family === "ecdsa") return { mechanism: { mechanism: CKM.ECDSA }, takesDigest: true };
  if (family === "rsa-pkcs1")
    return { mechanism: { mechanism: CKM[`${digest}_RSA_PKCS`] }, takesDigest: false };
  const parameter = { type: pssParameters, hashAlg: CKM[digest], mgf: CKG_MGF1[digest], saltLen: saltBytes };
  return { mechanism: { mechanism: CKM[`${digest}_RSA_PKCS_PSS`], parameter }, takesDigest: false };
}

/** The attributes of a public half that say which it is. */
export function listPublicAttributes(algorithm: SigningAlgorithm): readonly number[] {
  return ALGORITHMS[algorithm].keyType === "RSA" ? [CKA.MODULUS, CKA.PUBLIC_EXPONENT] : [CKA.EC_POINT];
}

/** A JWK of those attributes' values; undefined where they are not of the form. */
export function readPublicAttributes(
  algorithm: SigningAlgorithm,
  values: readonly unknown[],
): webcrypto.JsonWebKey | undefined {
  const { keyType, curve = "" } = ALGORITHMS[algorithm];
  const [first, second] = values;
  if (!Buffer.isBuffer(first)) return undefined;
  if (keyType === "RSA") {
    if (!Buffer.isBuffer(second)) return undefined;
    return { kty: "RSA", n: encodeInteger(first), e: encodeInteger(second) };
  }
  const size = COORDINATE_BYTES[curve] ?? 0;
  if (keyType === "OKP") {
    // With or without the frame of an OCTET STRING: the point is at the end.
    return first.length < size
      ? undefined
      : { kty: "OKP", crv: curve, x: first.subarray(-size).toString("base64url") };
  }
  const point = first.subarray(-(2 * size + 1));
  if (point.length !== 2 * size + 1 || point[0] !== UNCOMPRESSED) return undefined;
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)];
  return { kty: "EC", crv: curve, x: x.toString("base64url"), y: y.toString("base64url") };
}

function encodeInteger(octets: Buffer): string {
  const start = octets.findIndex((octet) => octet !== 0);
  return octets.subarray(Math.max(start, 0)).toString("base64url");
}
