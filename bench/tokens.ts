/** Keys and tokens to measure with. */

import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export const ISSUER = "https://idp.example.com/";
export const AUDIENCE = "https://api.example.com";

export type BenchAlgorithm = "RS256" | "PS256" | "ES256" | "Ed25519" | "HS256";
export const BENCH_ALGORITHMS: readonly BenchAlgorithm[] = ["RS256", "PS256", "ES256", "Ed25519", "HS256"];

export interface KeyMaterial {
  readonly keyId: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly pem: string;
  readonly publicKey: KeyObject | undefined;
  readonly privateKey: KeyObject | undefined;
  readonly secret: Uint8Array | undefined;
}

export function createKey(algorithm: BenchAlgorithm): KeyMaterial {
  const keyId = "bench-key-1";
  if (algorithm === "HS256") {
    const secret = new Uint8Array(randomBytes(32));
    return { keyId, jwk: {}, pem: "", publicKey: undefined, privateKey: undefined, secret };
  }
  const { publicKey, privateKey } = createPair(algorithm);
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: keyId, alg: algorithm, use: "sig" };
  const pem = publicKey.export({ format: "pem", type: "spki" }).toString();
  return { keyId, jwk, pem, publicKey, privateKey, secret: undefined };
}

function createPair(algorithm: BenchAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (algorithm === "Ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/** Sixteen claims, as an access token of a larger provider has them. */
export function createClaims(serial: number): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: ISSUER,
    aud: [AUDIENCE],
    sub: `user-${serial}`,
    exp: now + 3600,
    iat: now - 10,
    nbf: now - 10,
    jti: `0f8fad5b-d9cb-469f-a165-${String(serial).padStart(12, "0")}`,
    client_id: "orders-frontend",
    scope: "orders:read orders:write profile email",
    azp: "orders-frontend",
    roles: ["buyer", "auditor"],
    tenant: "acme",
    sid: "c3b2a190-6f1d",
    email_verified: true,
    acr: "urn:example:mfa",
    locale: "en",
  };
}

export interface SignOptions {
  readonly algorithm: BenchAlgorithm;
  readonly key: KeyMaterial;
  readonly header?: Readonly<Record<string, unknown>>;
}

export function signClaims(claims: Record<string, unknown>, { algorithm, key, header }: SignOptions): string {
  // The older name of Ed25519 is the one that most peers know; ours is told both.
  const alg = algorithm === "Ed25519" ? "EdDSA" : algorithm;
  const parts = [{ alg, typ: "JWT", kid: key.keyId, ...header }, claims];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${signOctets(Buffer.from(signed), algorithm, key).toString("base64url")}`;
}

function signOctets(signed: Buffer, algorithm: BenchAlgorithm, key: KeyMaterial): Buffer {
  if (key.secret !== undefined) return createHmac("sha256", key.secret).update(signed).digest();
  const privateKey = key.privateKey as KeyObject;
  if (algorithm === "ES256") return sign("sha256", signed, { key: privateKey, dsaEncoding: "ieee-p1363" });
  if (algorithm === "PS256") return sign("sha256", signed, { key: privateKey, padding: 6, saltLength: 32 });
  return sign(algorithm === "Ed25519" ? null : "sha256", signed, privateKey);
}

/** Fills a claim so that the token has about this many bytes; tokens that are longer already stay. */
export function padTo(bytes: number, options: SignOptions): Record<string, unknown> {
  const missing = bytes - signClaims(createClaims(0), options).length;
  return missing <= 20 ? {} : { padding: "p".repeat(Math.floor((missing * 3) / 4) - 14) };
}
