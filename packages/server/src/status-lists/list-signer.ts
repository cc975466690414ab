/** Signs status lists: the narrow port, and the one that a key in the configuration has. */

import { constants, sign as signWith } from "node:crypto";
import { promisify } from "node:util";

import type { SigningKey } from "../config/signing-key.ts";

/** Whatever can sign a JWS: the signers of `@countersign/signing-keys` can. */
export interface ListSigner {
  readonly algorithm: string;
  /** The header's `kid`. */
  readonly keyId: string;
  /** The signature of a JWS signing input, in the form of RFC 7518. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

const signAsync = promisify(signWith);

/** In the thread pool: nobody waits for an RSA signature. */
export function createKeySigner({ key, algorithm }: SigningKey, keyId: string): ListSigner {
  const hash = algorithm === "Ed25519" ? null : `sha${algorithm.slice(2)}`;
  const options = algorithm.startsWith("PS")
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key, dsaEncoding: "ieee-p1363" as const };
  return { algorithm, keyId, sign: (bytes) => signAsync(hash, bytes, options) };
}

/** A status list token (OAuth Token Status List section 5.1). */
export async function signStatusList(claims: object, signer: ListSigner): Promise<string> {
  const header = { typ: "statuslist+jwt", alg: signer.algorithm, kid: signer.keyId };
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = await signer.sign(Buffer.from(input, "ascii"));
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
}
