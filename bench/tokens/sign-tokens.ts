/** Signs the benchmark's tokens: thousands of them, on every core. */

import { createHmac, type KeyObject, type SignKeyObjectInput, sign } from "node:crypto";
import { createClaims, type TokenSize } from "./create-claims.ts";
import { type BenchAlgorithm, nameForPeers, type SigningKey } from "./key-material.ts";

export interface TokenOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Of the token with this serial, over the others. */
  readonly claimsOf?: (serial: number) => Readonly<Record<string, unknown>>;
  /** Default 800. */
  readonly size?: TokenSize;
  /** Of the first token; each has its own `sub` and `jti`. Default 0. */
  readonly firstSerial?: number;
}

const IN_FLIGHT = 64;

/** So many distinct tokens of one key. */
export async function signTokens(
  key: SigningKey,
  count: number,
  options: TokenOptions = {},
): Promise<readonly string[]> {
  const tokens = new Array<string>(count);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const serial = (options.firstSerial ?? 0) + index;
      const claims = {
        ...createClaims(serial, options.size),
        ...options.claims,
        ...options.claimsOf?.(serial),
      };
      tokens[index] = await signClaims(key, claims, options.header);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return tokens;
}

async function signClaims(
  key: SigningKey,
  claims: Readonly<Record<string, unknown>>,
  header: TokenOptions["header"],
): Promise<string> {
  const { algorithm, keyId } = key.verification;
  const parts = [{ alg: nameForPeers(algorithm), typ: "JWT", kid: keyId, ...header }, claims];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${(await signOctets(key, Buffer.from(signed))).toString("base64url")}`;
}

function signOctets({ verification, privateKey }: SigningKey, octets: Buffer): Promise<Buffer> {
  const { algorithm, secret } = verification;
  if (privateKey === undefined) {
    const mac = createHmac("sha256", Buffer.from(secret, "base64url")).update(octets).digest();
    return Promise.resolve(mac);
  }
  const digest = algorithm === "Ed25519" ? null : "sha256";
  return new Promise((resolve, reject) => {
    sign(digest, octets, describeSigning(algorithm, privateKey), (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}

function describeSigning(algorithm: BenchAlgorithm, key: KeyObject): SignKeyObjectInput {
  if (algorithm === "ES256") return { key, dsaEncoding: "ieee-p1363" };
  if (algorithm === "PS256") return { key, padding: 6, saltLength: 32 };
  return { key };
}
