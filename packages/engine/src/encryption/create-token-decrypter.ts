/**
 * Opens tokens that are signed and then encrypted (RFC 7519 section 5.2, compact JWE of RFC 7516). The cryptography is
 * that of the library `jose`, which the caller hands in; here is decided which key and algorithms it may use.
 */

import { platform } from "#platform";
import type { OpenedToken, TokenDecrypter } from "../ports.ts";
import { decodeCanonical } from "../token/base64url.ts";
import { isObject } from "../token/describe-kind.ts";
import { JsonProblem, parseJson } from "../token/json-reader.ts";
import type { JsonObject } from "../token/json-value.ts";
import { ConfigurationError } from "../validator/configuration-error.ts";
import {
  CONTENT_ENCRYPTIONS,
  type ContentEncryption,
  type EncryptionKey,
  type PrivateJwk,
  readEncryptionKeys,
} from "./encryption-keys.ts";

/** The part of `jose` (version 5 or 6) that is used: `import * as jose from "jose"`. */
export interface JoseLibrary {
  // biome-ignore lint/suspicious/noExplicitAny: a key is the library's own, and looked into by nobody here
  importJWK(jwk: any, algorithm: string): Promise<any>;
  compactDecrypt(
    token: string,
    // biome-ignore lint/suspicious/noExplicitAny: as above
    key: any,
    options: {
      readonly keyManagementAlgorithms: string[];
      readonly contentEncryptionAlgorithms: string[];
    },
  ): Promise<{ readonly plaintext: Uint8Array }>;
}

export interface TokenDecrypterOptions {
  readonly jose: JoseLibrary;
  /** Private JWKs, each with `alg`, and with `kid` where there are several; at most 16. */
  readonly keys: readonly PrivateJwk[];
  /** Default all: A128GCM, A256GCM, A128CBC-HS256, A256CBC-HS512. */
  readonly contentEncryptions?: readonly ContentEncryption[];
  /** Tokens that are opened at a time; more are refused as `overloaded`. Default 64; 1..1024. */
  readonly maxConcurrent?: number;
}

/** As long as any token may be. */
const MAX_TOKEN_LENGTH = 65_536;
const MAX_HEADER_LENGTH = 2730;
const HEADER_LIMITS = { maxDepth: 4, maxMembers: 32, maxStringLength: 1024 };
/** Header, encrypted key (empty with ECDH-ES), IV, ciphertext, tag. */
const COMPACT = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/;
const DEFAULT_CONCURRENT = 64;
const MAX_CONCURRENT = 1024;

/** A decrypter that can be asked whether its keys work. */
export interface ReadyTokenDecrypter extends TokenDecrypter {
  /** @throws ConfigurationError (rejects) where the runtime's crypto refuses a key; `open` rejects with the same. */
  ready(): Promise<void>;
}

/** @throws ConfigurationError with every problem at once. */
export function createTokenDecrypter(options: TokenDecrypterOptions): ReadyTokenDecrypter {
  const { jose, maxConcurrent = DEFAULT_CONCURRENT, contentEncryptions = CONTENT_ENCRYPTIONS } = options;
  const isKnown = contentEncryptions.every((name) => CONTENT_ENCRYPTIONS.includes(name));
  if (!isKnown || contentEncryptions.length === 0) {
    fail("contentEncryptions", `expected some of ${CONTENT_ENCRYPTIONS.join(", ")}`, "Leave it out for all");
  }
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1 || maxConcurrent > MAX_CONCURRENT) {
    fail("maxConcurrent", `expected a whole number from 1 to ${MAX_CONCURRENT}`, "Leave it out");
  }
  const keys = readEncryptionKeys(options.keys).map((key, index): HeldKey => {
    const native = importKey(key, jose).catch(() =>
      fail(`keys[${index}]`, "is refused by this runtime's crypto", "Check that it is whole and valid"),
    );
    // Told by whoever asks for it.
    native.catch(() => undefined);
    return { ...key, native };
  });
  return new KeyedDecrypter({ jose, keys, contentEncryptions, maxConcurrent });
}

interface HeldKey extends EncryptionKey {
  readonly native: Promise<unknown>;
}

async function importKey({ jwk, algorithm }: EncryptionKey, jose: JoseLibrary): Promise<unknown> {
  const { kty, crv, n, e, x, y, d, p, q, dp, dq, qi } = jwk;
  // Members beside the key itself, such as key_ops of an exporter, must not decide how it can be used.
  const bare = kty === "RSA" ? { kty, n, e, d, p, q, dp, dq, qi } : { kty, crv, x, y, d };
  return (await jose.importJWK(bare, algorithm)) as unknown;
}

function fail(path: string, problem: string, remedy: string): never {
  throw new ConfigurationError([{ path, problem, remedy }]);
}

interface Found {
  readonly key: HeldKey;
  readonly header: JsonObject;
}

interface Setup {
  readonly jose: JoseLibrary;
  readonly keys: readonly HeldKey[];
  readonly contentEncryptions: readonly ContentEncryption[];
  readonly maxConcurrent: number;
}

class KeyedDecrypter implements ReadyTokenDecrypter {
  readonly #setup: Setup;
  #opening = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  holdsKeyOf(token: string): boolean {
    return this.#find(token) !== undefined;
  }

  async ready(): Promise<void> {
    await Promise.all(this.#setup.keys.map(({ native }) => native));
  }

  async open(token: string): Promise<OpenedToken | "busy" | undefined> {
    const found = this.#find(token);
    if (found === undefined) return undefined;
    if (this.#opening >= this.#setup.maxConcurrent) return "busy";
    this.#opening += 1;
    try {
      // A key that cannot be used is no fault of the token: that is thrown.
      const native = await found.key.native;
      return await this.#decrypt(token, { ...found, native });
    } finally {
      this.#opening -= 1;
    }
  }

  async #decrypt(
    token: string,
    { key, header, native }: Found & { readonly native: unknown },
  ): Promise<OpenedToken | undefined> {
    try {
      const { plaintext } = await this.#setup.jose.compactDecrypt(token, native, {
        keyManagementAlgorithms: [key.algorithm],
        contentEncryptionAlgorithms: [header["enc"] as string],
      });
      const text = platform.decodeUtf8(plaintext);
      return text === undefined ? undefined : { text, header };
    } catch {
      // Whatever it was: a wrong key, a changed octet, a point off its curve.
      return undefined;
    }
  }

  /** The key that the header names, where all else that it asks for is allowed with it. */
  #find(token: unknown): Found | undefined {
    if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH || !COMPACT.test(token))
      return undefined;
    const header = readHeader(token);
    if (header === undefined) return undefined;
    const { alg, enc, kid, crit, zip } = header;
    // Nothing is inflated, and no extension is understood.
    if (crit !== undefined || zip !== undefined) return undefined;
    const { keys, contentEncryptions } = this.#setup;
    if (!contentEncryptions.some((name) => name === enc)) return undefined;
    const key = kid === undefined && keys.length === 1 ? keys[0] : keys.find(({ keyId }) => keyId === kid);
    const isKeyEmpty = token.startsWith("..", token.indexOf("."));
    if (key === undefined || key.algorithm !== alg || isKeyEmpty !== (alg === "ECDH-ES")) return undefined;
    return { key, header };
  }
}

function readHeader(token: string): JsonObject | undefined {
  const end = token.indexOf(".");
  const octets = end > MAX_HEADER_LENGTH ? undefined : decodeCanonical(token.slice(0, end));
  const text = octets && platform.decodeUtf8(octets);
  const header = text === undefined ? undefined : parseJson(text, HEADER_LIMITS);
  return header instanceof JsonProblem || !isObject(header) ? undefined : header;
}
