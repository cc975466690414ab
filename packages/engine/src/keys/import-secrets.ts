import { platform as runtimePlatform } from "#platform";
import type { Algorithm } from "../algorithms.ts";
import type { Platform } from "../platform/platform.ts";
import { findKeyText } from "./find-key-text.ts";
import { isKeyId, MAX_KEY_ID_LENGTH } from "./import-jwk.ts";
import type { ExcludedKey, ImportedKeySet, KeySetEntry } from "./imported-key-set.ts";
import { createKeySet } from "./imported-key-set.ts";
import type { VerificationKey } from "./key-source.ts";
import { readOctets } from "./read-octets.ts";

export interface SecretImportContext {
  /** The issuer's allowed algorithms; only those with a shared secret count. */
  readonly algorithms: readonly Algorithm[];
  /** Default the runtime's own. */
  readonly platform?: Platform;
}

/** Longest secret in octets; HMAC gains nothing from more than the hash's block of 128. */
const MAX_SECRET_BYTES = 4096;

/** Most secrets of one issuer. */
const MAX_SECRETS = 256;

/** Characters of a `base64url` that are searched for the text of a key. */
const MAX_KEY_TEXT = 16_384;

type SecretImport = { readonly keyId: string | undefined } & (
  | { readonly keys: readonly VerificationKey[] }
  | { readonly refused: string }
);

/**
 * Imports HMAC secrets, each for every allowed HS algorithm whose hash is no longer than the secret
 * (RFC 7518 section 3.2). A secret that fits none, or that is the text or the octets of a key or a
 * certificate, is refused; so are all secrets of one id. Never throws; problems hold nothing of a secret.
 */
export function importSecrets(secrets: readonly unknown[], context: SecretImportContext): ImportedKeySet {
  const imports = Array.from(secrets.slice(0, MAX_SECRETS), (secret) => importSecret(secret, context));
  const entries: KeySetEntry[] = [];
  const refused: ExcludedKey[] = [];
  imports.forEach((imported, index) => {
    const { keyId } = imported;
    const repeated = keyId !== undefined && imports.filter((other) => other.keyId === keyId).length > 1;
    if ("refused" in imported) refused.push({ index, keyId, problem: imported.refused });
    else if (repeated) refused.push({ index, keyId, problem: "another secret has the same id" });
    else entries.push({ index, keyId, keys: imported.keys });
  });
  if (secrets.length > MAX_SECRETS) {
    const problem = `there are ${secrets.length} secrets, more than the limit of ${MAX_SECRETS}`;
    refused.push({ index: MAX_SECRETS, keyId: undefined, problem });
  }
  return createKeySet({ algorithms: context.algorithms, entries, refused, ignored: [] });
}

function importSecret(secret: unknown, context: SecretImportContext): SecretImport {
  if (typeof secret !== "object" || secret === null) {
    return {
      keyId: undefined,
      refused: "a secret must be an object with `base64url` or `bytes`, never bare text",
    };
  }
  const { id, base64url, bytes } = secret as Readonly<Record<"id" | "base64url" | "bytes", unknown>>;
  if (id !== undefined && !isKeyId(id)) {
    const refused = `\`id\` must be 1 to ${MAX_KEY_ID_LENGTH} characters without control characters`;
    return { keyId: undefined, refused };
  }
  const reading = readSecret(base64url, bytes);
  if ("problem" in reading) return { keyId: id, refused: reading.problem };
  return { keyId: id, ...makeKeys({ keyId: id, octets: reading.octets }, context) };
}

/** A copy of the secret's octets: the caller's may be overwritten later. */
function readSecret(
  base64url: unknown,
  bytes: unknown,
): { readonly octets: Uint8Array } | { readonly problem: string } {
  if ((base64url === undefined) === (bytes === undefined)) {
    return { problem: "exactly one of `base64url` and `bytes` is required" };
  }
  if (bytes === undefined) {
    // Whoever pastes a PEM here learns more from being told so than from "not base64url".
    const text = typeof base64url === "string" ? base64url.slice(0, MAX_KEY_TEXT) : "";
    const written = findKeyText(new TextEncoder().encode(text));
    if (written !== undefined) return { problem: describeKeyText(written) };
    const reading = readOctets({ name: "base64url", value: base64url }, MAX_SECRET_BYTES);
    return "problem" in reading ? reading : checkOctets(Uint8Array.from(reading.octets));
  }
  if (!isUint8Array(bytes)) return { problem: "`bytes` must be a Uint8Array" };
  return checkOctets(Uint8Array.from(bytes));
}

/** Also of another realm, such as a test runner's. */
function isUint8Array(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

function checkOctets(octets: Uint8Array): { readonly octets: Uint8Array } | { readonly problem: string } {
  if (octets.length > MAX_SECRET_BYTES) {
    return { problem: `the secret has ${octets.length} octets, more than ${MAX_SECRET_BYTES}` };
  }
  const written = findKeyText(octets);
  return written === undefined ? { octets } : { problem: describeKeyText(written) };
}

function describeKeyText(found: string): string {
  return `the secret is ${found}, which others may know; use random octets, or give a public key under \`jwks\``;
}

function makeKeys(
  { keyId, octets }: { keyId: string | undefined; octets: Uint8Array },
  context: SecretImportContext,
): { keys: readonly VerificationKey[] } | { refused: string } {
  const platform = context.platform ?? runtimePlatform;
  const hmacs = context.algorithms.filter(({ family }) => family === "hmac");
  const fitting = hmacs.filter(({ keyBytes }) => keyBytes !== undefined && octets.length >= keyBytes);
  if (hmacs.length === 0) return { refused: "no algorithm that is allowed for this issuer uses a secret" };
  if (fitting.length === 0) {
    const needs = hmacs.map(({ name, keyBytes }) => `${name} needs ${keyBytes}`).join(", ");
    return { refused: `the secret has ${octets.length} octets; ${needs}` };
  }
  try {
    return { keys: fitting.map((algorithm) => makeKey({ keyId, algorithm }, { octets, platform })) };
  } catch {
    return { refused: "the runtime's crypto refuses the secret" };
  }
}

function makeKey(
  { keyId, algorithm }: Pick<VerificationKey, "keyId" | "algorithm">,
  { octets, platform }: { octets: Uint8Array; platform: Platform },
): VerificationKey {
  const native = platform.importSecret(algorithm, octets);
  if (native instanceof Promise) native.catch(() => undefined);
  return { keyId, algorithm, signatureBytes: algorithm.signatureBytes ?? 0, material: undefined, native };
}
