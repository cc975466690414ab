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

/** @throws ConfigurationError with every problem at once, also where the runtime refuses a key. */
export async function createTokenDecrypter(options: TokenDecrypterOptions): Promise<TokenDecrypter> {
  const { jose, maxConcurrent = DEFAULT_CONCURRENT, contentEncryptions = CONTENT_ENCRYPTIONS } = options;
  const isKnown = contentEncryptions.every((name) => CONTENT_ENCRYPTIONS.includes(name));
  if (!isKnown || contentEncryptions.length === 0) {
    fail("contentEncryptions", `expected some of ${CONTENT_ENCRYPTIONS.join(", ")}`, "Leave it out for all");
  }
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1 || maxConcurrent > MAX_CONCURRENT) {
    fail("maxConcurrent", `expected a whole number from 1 to ${MAX_CONCURRENT}`, "Leave it out");
  }
  const keys = await Promise.all(
    readEncryptionKeys(options.keys).map(async (key, index): Promise<HeldKey> => {
      try {
        const { kty, crv, n, e, x, y, d, p, q, dp, dq, qi } = key.jwk;
        // Members beside the key itself, such as key_ops of an exporter, must not decide how it can be used.
        const bare = kty === "RSA" ? { kty, n, e, d, p, q, dp, dq, qi } : { kty, crv, x, y, d };
        return { ...key, native: (await jose.importJWK(bare, key.algorithm)) as unknown };
      } catch {
        return fail(
          `keys[${index}]`,
          "is refused by this runtime's crypto",
          "Check that it is whole and valid",
        );
      }
    }),
  );
  return new KeyedDecrypter({ jose, keys, contentEncryptions, maxConcurrent });
}

interface HeldKey extends EncryptionKey {
  readonly native: unknown;
}

function fail(path: string, problem: string, remedy: string): never {
  throw new ConfigurationError([{ path, problem, remedy }]);
}

interface Setup {
  readonly jose: JoseLibrary;
  readonly keys: readonly HeldKey[];
  readonly contentEncryptions: readonly ContentEncryption[];
  readonly maxConcurrent: number;
}

class KeyedDecrypter implements TokenDecrypter {
  readonly #setup: Setup;
  #opening = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  holdsKeyOf(token: string): boolean {
    return this.#find(token) !== undefined;
  }

  async open(token: string): Promise<OpenedToken | "busy" | undefined> {
    const found = this.#find(token);
    if (found === undefined) return undefined;
    const { jose, maxConcurrent } = this.#setup;
    if (this.#opening >= maxConcurrent) return "busy";
    this.#opening += 1;
    try {
      const { plaintext } = await jose.compactDecrypt(token, found.key.native, {
        keyManagementAlgorithms: [found.key.algorithm],
        contentEncryptionAlgorithms: [found.header["enc"] as string],
      });
      const text = platform.decodeUtf8(plaintext);
      return text === undefined ? undefined : { text, header: found.header };
    } catch {
      // Whatever it was: a wrong key, a changed octet, a point off its curve.
      return undefined;
    } finally {
      this.#opening -= 1;
    }
  }

  /** The key that the header names, where all else that it asks for is allowed with it. */
  #find(token: unknown): { readonly key: HeldKey; readonly header: JsonObject } | undefined {
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
