import type { Algorithm, AlgorithmName } from "../algorithms.ts";
import { ALGORITHMS } from "../algorithms.ts";
import { encodeBase64url, toBytes } from "./encode-base64url.ts";
import type { RawKey } from "./raw-key.ts";

/** A public key as JWK (RFC 7517), with `kid`, `use` and `alg`. */
export type TestJwk = Readonly<Record<string, string>>;

/** A key that signs. Made at run time, never stored: for tests only. */
export interface TestKey {
  readonly keyId: string;
  readonly algorithm: AlgorithmName;
  /** Undefined for HMAC. */
  readonly publicJwk: TestJwk | undefined;
  /** The public key as PEM (SubjectPublicKeyInfo); undefined for HMAC. */
  readonly publicPem: string | undefined;
  /** The HMAC secret; undefined for all other algorithms. */
  readonly secret: Uint8Array | undefined;
  sign(data: Uint8Array): Promise<Uint8Array>;
}

export interface TestKeyOptions {
  /** Default the RFC 7638 thumbprint; random for HMAC. */
  readonly keyId?: string;
  /** Bits of an RSA modulus. Default 2048; less makes keys that validators have to refuse. */
  readonly modulusBits?: number;
}

/**
 * Makes a fresh key for one algorithm, with WebCrypto, or with node:crypto for Ed448 and ML-DSA.
 * @throws Error where the runtime does not have the algorithm.
 */
export async function createTestKey(
  algorithm: AlgorithmName,
  options: TestKeyOptions = {},
): Promise<TestKey> {
  const entry = ALGORITHMS[algorithm];
  if (entry.family === "hmac") return createSecret(entry, options);
  const raw = await createRawKey(entry, options.modulusBits ?? 2048);
  const keyId = options.keyId ?? (await computeThumbprint(raw.jwk));
  return Object.freeze({
    keyId,
    algorithm,
    publicJwk: Object.freeze({ ...raw.jwk, kid: keyId, use: "sig", alg: algorithm }),
    publicPem: formatPem(raw.spki),
    secret: undefined,
    sign: raw.sign,
  });
}

async function createRawKey(entry: Algorithm, modulusBits: number): Promise<RawKey> {
  if (entry.family === "ml-dsa" || entry.curve === "Ed448") {
    const { createNodeKey } = await import("./node-key.ts");
    return createNodeKey(entry);
  }
  const { createWebKey } = await import("./web-key.ts");
  return createWebKey(entry, modulusBits);
}

async function createSecret(entry: Algorithm, options: TestKeyOptions): Promise<TestKey> {
  const secret = crypto.getRandomValues(new Uint8Array(entry.keyBytes ?? 64));
  return Object.freeze({
    keyId: options.keyId ?? crypto.randomUUID(),
    algorithm: entry.name,
    publicJwk: undefined,
    publicPem: undefined,
    secret,
    sign: (data: Uint8Array) => signHmac(entry, { secret, data }),
  });
}

/** HMAC with any octets as secret: also with a public key's text, as algorithm confusion does. */
export async function signHmac(
  entry: Algorithm,
  { secret, data }: { readonly secret: Uint8Array; readonly data: Uint8Array },
): Promise<Uint8Array> {
  const hash = entry.hash ?? "SHA-256";
  const key = await crypto.subtle.importKey("raw", toBytes(secret), { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, toBytes(data)));
}

/** RFC 7638 section 3: SHA-256 of the required members in lexicographic order. */
async function computeThumbprint(jwk: Readonly<Record<string, string>>): Promise<string> {
  const names = Object.keys(jwk).sort();
  const text = JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])));
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", toBytes(text))));
}

function formatPem(spki: Uint8Array): string {
  const text = btoa(String.fromCharCode(...spki));
  const lines = text.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n");
}
