/** The form of a key file: what is public, how the passphrase becomes a key, and the private half under that key. */

import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from "node:crypto";
import type { PublicSigningJwk, SigningAlgorithm } from "../../public-signing-jwk.ts";

const FORMAT = "countersign-key-1";
/** RFC 7914: the block size and parallelism that the cost is measured with. */
const BLOCK_SIZE = 8;
const PARALLELISM = 1;
/** 32 and 256 MiB; what a file asks for beyond that is not worked at. */
export const SCRYPT_COSTS = { least: 32_768, most: 262_144, usual: 131_072 } as const;
const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_SEALED_BYTES = 16_384;

/** All that may be read without the passphrase, and none of it changed: it is the additional data of the cipher. */
interface Header {
  readonly format: typeof FORMAT;
  readonly label: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: PublicSigningJwk;
  readonly scrypt: { readonly cost: number; readonly salt: string };
  readonly nonce: string;
}

export interface SealedKey extends Header {
  /** The private half (PKCS #8) and the tag of AES-256-GCM, base64url. */
  readonly sealed: string;
}

export interface KeyToSeal {
  readonly label: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: PublicSigningJwk;
  /** DER of PKCS #8. */
  readonly privateKey: Uint8Array;
}

/** `cost` is scrypt's N, a power of two; 128 * 8 * N octets of memory are taken. */
export async function sealKey(
  { label, algorithm, publicJwk, privateKey }: KeyToSeal,
  { passphrase, cost }: { readonly passphrase: string; readonly cost: number },
): Promise<SealedKey> {
  const header: Header = {
    format: FORMAT,
    label,
    algorithm,
    publicJwk,
    scrypt: { cost, salt: randomBytes(SALT_BYTES).toString("base64url") },
    nonce: randomBytes(NONCE_BYTES).toString("base64url"),
  };
  const key = await deriveKey(header, passphrase);
  const cipher = createCipheriv(CIPHER, key, Buffer.from(header.nonce, "base64url"), {
    authTagLength: TAG_BYTES,
  }).setAAD(encodeHeader(header));
  const sealed = Buffer.concat([cipher.update(privateKey), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return { ...header, sealed: sealed.toString("base64url") };
}

/** The private half; undefined where the passphrase is another, or anything in the file was changed. */
export async function unsealKey(file: SealedKey, passphrase: string): Promise<Buffer | undefined> {
  const octets = Buffer.from(file.sealed, "base64url");
  const key = await deriveKey(file, passphrase);
  try {
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(file.nonce, "base64url"), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(encodeHeader(file))
      .setAuthTag(octets.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(octets.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  } finally {
    key.fill(0);
  }
}

/** The members in an order of our own, so that the additional data does not depend on how a file was written. */
function encodeHeader({ format, label, algorithm, publicJwk, scrypt: derivation, nonce }: Header): Buffer {
  const jwk = Object.entries(publicJwk).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(
    JSON.stringify([format, label, algorithm, jwk, derivation.cost, derivation.salt, nonce]),
    "utf8",
  );
}

function deriveKey({ scrypt: { cost, salt } }: Header, passphrase: string): Promise<Buffer> {
  const options: ScryptOptions = {
    N: cost,
    r: BLOCK_SIZE,
    p: PARALLELISM,
    maxmem: 2 * 128 * BLOCK_SIZE * cost,
  };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFC"), Buffer.from(salt, "base64url"), KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Undefined for whatever is not such a file, or asks for more work than a file of ours. */
export function parseSealedKey(text: string): SealedKey | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isSealedKey(value) ? value : undefined;
}

function isSealedKey(value: unknown): value is SealedKey {
  if (!isRecord(value)) return false;
  const { format, label, algorithm, publicJwk, scrypt: derivation, nonce, sealed } = value;
  if (format !== FORMAT || typeof label !== "string" || typeof algorithm !== "string") return false;
  if (!isRecord(publicJwk) || !Object.values(publicJwk).every((member) => typeof member === "string"))
    return false;
  return (
    isRecord(derivation) &&
    isCost(derivation["cost"]) &&
    hasOctets(derivation["salt"], { least: SALT_BYTES, most: SALT_BYTES }) &&
    hasOctets(nonce, { least: NONCE_BYTES, most: NONCE_BYTES }) &&
    hasOctets(sealed, { least: TAG_BYTES + 1, most: MAX_SEALED_BYTES })
  );
}

export function isCost(cost: unknown): cost is number {
  return (
    Number.isInteger(cost) &&
    (cost as number) >= SCRYPT_COSTS.least &&
    (cost as number) <= SCRYPT_COSTS.most &&
    Number.isInteger(Math.log2(cost as number))
  );
}

function hasOctets(
  text: unknown,
  { least, most }: { readonly least: number; readonly most: number },
): boolean {
  if (typeof text !== "string" || text.length > most * 2) return false;
  const octets = Buffer.from(text, "base64url");
  return octets.toString("base64url") === text && octets.length >= least && octets.length <= most;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
