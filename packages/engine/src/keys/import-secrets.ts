import { platform as runtimePlatform } from "#platform";
import type { Algorithm } from "../algorithms.ts";
import type { Platform } from "../platform/platform.ts";
import { isObject } from "../token/describe-kind.ts";
import { isKeyId, KEY_ID_RULE } from "../token/key-id.ts";
import { findKeyText } from "./find-key-text.ts";
import { keepQuiet } from "./import-jwk.ts";
import { createKeySet, type ImportedKeySet, type KeySetEntry } from "./imported-key-set.ts";
import { type ExcludedKey, readProblem, refuse } from "./key-problem.ts";
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

/**
 * Imports HMAC secrets, each for every allowed HS algorithm whose hash is no longer than the secret
 * (RFC 7518 section 3.2). A secret that fits none, or that is the text or the octets of a key or a
 * certificate, is refused; so are all secrets of one id. Never throws; problems hold nothing of a secret.
 */
export function importSecrets(secrets: readonly unknown[], context: SecretImportContext): ImportedKeySet {
  const entries: KeySetEntry[] = [];
  const refused: ExcludedKey[] = [];
  const ids = Array.from(secrets, readId);
  for (const [index, secret] of secrets.slice(0, MAX_SECRETS).entries()) {
    const id = ids[index];
    const keyId = isKeyId(id) ? id : undefined;
    try {
      const octets = readSecret(secret);
      if (id !== keyId) refuse(`\`id\` must be ${KEY_ID_RULE}`);
      const keys = makeKeys({ keyId, octets }, context);
      if (id !== undefined && ids.indexOf(id) < ids.lastIndexOf(id)) refuse("another secret has the same id");
      entries.push({ index, keyId, keys });
    } catch (error) {
      refused.push({ index, keyId, problem: readProblem(error).problem });
    }
  }
  if (secrets.length > MAX_SECRETS) {
    const problem = `expected at most ${MAX_SECRETS} secrets, found ${secrets.length}`;
    refused.push({ index: MAX_SECRETS, keyId: undefined, problem });
  }
  return createKeySet({ algorithms: context.algorithms, entries, refused, ignored: [] });
}

function readId(secret: unknown): unknown {
  return isObject(secret) ? secret["id"] : undefined;
}

/** A copy of the secret's octets: the caller's may be overwritten later. @throws KeyProblem */
export function readSecret(secret: unknown): Uint8Array {
  if (!isObject(secret)) refuse("expected an object with `base64url` or `bytes`, never bare text");
  const { base64url, bytes } = secret as Readonly<Record<"base64url" | "bytes", unknown>>;
  if ((base64url === undefined) === (bytes === undefined)) {
    refuse("exactly one of `base64url` and `bytes` is required");
  }
  // Whoever pastes a PEM here learns more from being told so than from "not base64url".
  if (typeof base64url === "string") {
    refuseKeyText(new TextEncoder().encode(base64url.slice(0, MAX_KEY_TEXT)));
  }
  const octets =
    bytes === undefined
      ? readOctets({ name: "base64url", value: base64url }, { most: MAX_SECRET_BYTES })
      : bytes;
  if (!isUint8Array(octets)) refuse("`bytes` must be a Uint8Array");
  if (octets.length > MAX_SECRET_BYTES) {
    refuse(`the secret has ${octets.length} octets, more than ${MAX_SECRET_BYTES}`);
  }
  refuseKeyText(octets);
  return Uint8Array.from(octets);
}

/** Also of another realm, such as a test runner's. */
function isUint8Array(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

function refuseKeyText(octets: Uint8Array): void {
  const found = findKeyText(octets);
  if (found === undefined) return;
  refuse(
    `the secret is ${found}, which others may know; use random octets, or give a public key under \`jwks\``,
  );
}

function makeKeys(
  { keyId, octets }: { readonly keyId: string | undefined; readonly octets: Uint8Array },
  { algorithms, platform = runtimePlatform }: SecretImportContext,
): readonly VerificationKey[] {
  const hmacs = algorithms.filter(({ family }) => family === "hmac");
  if (hmacs.length === 0) refuse("no algorithm that is allowed for this issuer uses a secret");
  const fitting = hmacs.filter(({ keyBytes = Number.NaN }) => octets.length >= keyBytes);
  if (fitting.length === 0) {
    const needs = hmacs.map(({ name, keyBytes }) => `${name} needs ${keyBytes}`).join(", ");
    refuse(`the secret has ${octets.length} octets; ${needs}`);
  }
  return fitting.map((algorithm) => ({
    keyId,
    algorithm,
    signatureBytes: algorithm.signatureBytes ?? 0,
    material: undefined,
    native: keepQuiet(platform.importSecret(algorithm, octets)),
  }));
}
