/** The one seam between the engine and a runtime: crypto primitives, text codecs, and a file. */

import type { Algorithm } from "../algorithms.ts";
import type { KeySetStore } from "../ports.ts";

/** A key as the back end holds it; only the back end that made it looks inside. */
export interface NativeKey {
  readonly native: unknown;
}

/** Public members of a JWK that passed every check of `keys/`; values are canonical base64url. */
export type PublicJwk =
  | { readonly kty: "RSA"; readonly n: string; readonly e: string }
  | { readonly kty: "EC"; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: "OKP"; readonly crv: string; readonly x: string }
  | { readonly kty: "AKP"; readonly alg: string; readonly pub: string };

export interface VerifyInput {
  readonly signature: Uint8Array;
  readonly signed: Uint8Array;
  /** Whether a synchronous platform may answer with a promise, to do costly work beside this thread. Default false. */
  readonly mayWait?: boolean;
}

export interface Platform {
  readonly name: "node" | "web";
  /** True where `importKey`, `importSecret` and `verify` return values and not promises. */
  readonly synchronous: boolean;
  /** Whether this runtime's crypto can verify the algorithm. */
  supports(algorithm: Algorithm): boolean;
  /** @throws (or rejects) where the runtime refuses the key. */
  importKey(algorithm: Algorithm, jwk: PublicJwk): NativeKey | Promise<NativeKey>;
  importSecret(algorithm: Algorithm, secret: Uint8Array): NativeKey | Promise<NativeKey>;
  /** The caller has checked the signature's length. Never throws for what a token contains. */
  verify(algorithm: Algorithm, key: NativeKey, input: VerifyInput): boolean | Promise<boolean>;
  /** SHA-256 (FIPS 180-4) in base64url, of octets or of a text's UTF-8. */
  sha256(data: Uint8Array | string): string | Promise<string>;
  /** HMAC with SHA-256 (RFC 2104) in base64url, of a text's UTF-8. */
  hmacSha256(secret: Uint8Array, text: string): string | Promise<string>;
  /**
   * Decodes base64url without padding; undefined where another character is in the text. Its length and the unused
   * bits of its end are the caller's to check.
   */
  decodeBase64url(text: string): Uint8Array | undefined;
  /** Octets of text that is already known to be ASCII. */
  encodeAscii(text: string): Uint8Array;
  /** Strict UTF-8: undefined for any ill-formed sequence; a byte order mark is kept. */
  decodeUtf8(bytes: Uint8Array): string | undefined;
  /** A store in one file (mode 0600, replaced atomically), or undefined where the runtime has no files. */
  fileStore: ((path: string) => KeySetStore) | undefined;
}
