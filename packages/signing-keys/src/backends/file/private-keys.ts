/** Key pairs of this process: made and used by `node:crypto`. */

import { constants, generateKeyPair, type KeyObject, type SignKeyObjectInput, sign } from "node:crypto";
import { promisify } from "node:util";
import { ALGORITHMS } from "countersign";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generate = promisify(generateKeyPair);
const signInThreadPool = promisify<string | null, Uint8Array, SignKeyObjectInput, Buffer>(sign);

/** Rejects where this runtime does not have the algorithm. */
export function generatePair(algorithm: SigningAlgorithm, rsaBits: number): Promise<KeyPair> {
  switch (algorithm) {
    case "ES256":
    case "ES384":
    case "ES512":
      return generate("ec", { namedCurve: ALGORITHMS[algorithm].curve ?? "" });
    case "Ed25519":
      return generate("ed25519");
    case "Ed448":
      return generate("ed448");
    case "ML-DSA-44":
      return generate("ml-dsa-44");
    case "ML-DSA-65":
      return generate("ml-dsa-65");
    case "ML-DSA-87":
      return generate("ml-dsa-87");
    default:
      return generate("rsa", { modulusLength: rsaBits });
  }
}

/** What `sign` of `node:crypto` takes for a key of this algorithm, apart from the octets. */
export function createSign(
  algorithm: SigningAlgorithm,
  key: KeyObject,
): (bytes: Uint8Array) => Promise<Uint8Array> {
  const { family, hash, saltBytes } = ALGORITHMS[algorithm];
  const digest = hash?.replace("-", "").toLowerCase() ?? null;
  const parameters: SignKeyObjectInput =
    family === "rsa-pss"
      ? {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          ...(saltBytes !== undefined && { saltLength: saltBytes }),
        }
      : { key, dsaEncoding: "ieee-p1363" };
  // RSA takes about a millisecond, in which this thread could have judged hundreds of tokens.
  return family.startsWith("rsa")
    ? (bytes) => signInThreadPool(digest, bytes, parameters)
    : async (bytes) => sign(digest, bytes, parameters);
}
