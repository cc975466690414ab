/** Keys of the benchmark's one issuer. */

import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

export const ISSUER = "https://idp.example.com/";
export const AUDIENCE = "https://api.example.com";

export type BenchAlgorithm = "RS256" | "PS256" | "ES256" | "Ed25519" | "HS256";
export const BENCH_ALGORITHMS: readonly BenchAlgorithm[] = ["RS256", "PS256", "ES256", "Ed25519", "HS256"];

/** What verifies, in the forms that peers ask for. Plain data: it is sent to other processes. */
export interface VerificationKey {
  readonly algorithm: BenchAlgorithm;
  readonly keyId: string;
  /** Empty for HS256. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** SubjectPublicKeyInfo; empty for HS256. */
  readonly pem: string;
  /** base64url; empty but for HS256. */
  readonly secret: string;
}

export interface SigningKey {
  readonly verification: VerificationKey;
  /** Undefined for HS256. */
  readonly privateKey: KeyObject | undefined;
}

export function createKey(algorithm: BenchAlgorithm): SigningKey {
  const keyId = `bench-${algorithm}`;
  if (algorithm === "HS256") {
    const secret = randomBytes(32).toString("base64url");
    return { verification: { algorithm, keyId, jwk: {}, pem: "", secret }, privateKey: undefined };
  }
  const { publicKey, privateKey } = createPair(algorithm);
  const jwk = {
    ...publicKey.export({ format: "jwk" }),
    kid: keyId,
    alg: nameForPeers(algorithm),
    use: "sig",
  };
  const pem = publicKey.export({ format: "pem", type: "spki" }).toString();
  return { verification: { algorithm, keyId, jwk, pem, secret: "" }, privateKey };
}

/** The older name of Ed25519 is the one that every peer knows. */
export function nameForPeers(algorithm: BenchAlgorithm): "RS256" | "PS256" | "ES256" | "EdDSA" | "HS256" {
  return algorithm === "Ed25519" ? "EdDSA" : algorithm;
}

function createPair(algorithm: BenchAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (algorithm === "Ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}
