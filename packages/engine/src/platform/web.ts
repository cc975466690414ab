/** Back end on WebCrypto, for browsers, Workers and every other runtime of the Web platform. */

import type { Algorithm } from "../algorithms.ts";
import { hasCanonicalForm } from "./check-signature-form.ts";
import { decodeBase64url } from "./decode-base64url.ts";
import { encodeBase64url } from "./encode-base64url.ts";
import type { NativeKey, Platform, PublicJwk, VerifyInput } from "./platform.ts";

/** The CryptoKey and the parameters that `verify` is called with, made once at import. */
interface WebKey extends NativeKey {
  readonly native: { readonly key: CryptoKey; readonly parameters: VerifyParameters };
}

type VerifyParameters = { readonly name: string } | RsaPssParams | EcdsaParams;

/** `SubtleCrypto.supports` of "Modern Algorithms in the Web Cryptography API"; absent in older runtimes. */
type Supports = (operation: "importKey" | "verify", algorithm: string) => boolean;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** For UTF-8, of which ASCII is a part. */
const encoder = new TextEncoder();

function importParameters(algorithm: Algorithm): { readonly name: string } {
  switch (algorithm.family) {
    case "rsa-pkcs1":
      return named("RSASSA-PKCS1-v1_5", { hash: algorithm.hash });
    case "rsa-pss":
      return named("RSA-PSS", { hash: algorithm.hash });
    case "ecdsa":
      return named("ECDSA", { namedCurve: algorithm.curve });
    case "eddsa":
      return named(algorithm.curve ?? algorithm.name, {});
    case "hmac":
      return named("HMAC", { hash: algorithm.hash });
    case "ml-dsa":
      return named(algorithm.name, {});
  }
}

function verifyParameters(algorithm: Algorithm): VerifyParameters {
  const { name } = importParameters(algorithm);
  if (algorithm.family === "rsa-pss") return named(name, { saltLength: algorithm.saltBytes });
  if (algorithm.family === "ecdsa") return named(name, { hash: algorithm.hash });
  return { name };
}

function named(name: string, others: Readonly<Record<string, unknown>>): { readonly name: string } {
  return { name, ...others };
}

async function importKey(algorithm: Algorithm, jwk: PublicJwk): Promise<WebKey> {
  const parameters = importParameters(algorithm);
  const key = await crypto.subtle.importKey("jwk", { ...jwk }, parameters, false, ["verify"]);
  return { native: { key, parameters: verifyParameters(algorithm) } };
}

async function importSecret(algorithm: Algorithm, secret: Uint8Array): Promise<WebKey> {
  const parameters = importParameters(algorithm);
  const key = await crypto.subtle.importKey("raw", octets(secret), parameters, false, ["verify"]);
  return { native: { key, parameters: verifyParameters(algorithm) } };
}

/** The engine never makes octets on shared memory, which WebCrypto refuses and the types tell apart. */
function octets(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

async function verify(
  algorithm: Algorithm,
  key: NativeKey,
  { signature, signed }: VerifyInput,
): Promise<boolean> {
  const { native } = key as WebKey;
  if (!hasCanonicalForm(algorithm, signature)) return false;
  try {
    return await crypto.subtle.verify(native.parameters, native.key, octets(signature), octets(signed));
  } catch (error) {
    // Some runtimes throw this for a signature that others answer with false; the rest is not about signatures.
    if (error instanceof DOMException && error.name === "OperationError") return false;
    throw error;
  }
}

async function sha256(data: Uint8Array | string): Promise<string> {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", octets(bytes))));
}

async function hmacSha256(secret: Uint8Array, text: string): Promise<string> {
  const parameters = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", octets(secret), parameters, false, ["sign"]);
  return encodeBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))));
}

const supported = new Map<string, boolean>();

/** All runtimes have the others; of these the runtime itself has to say that it has them. */
function supports(algorithm: Algorithm): boolean {
  if (algorithm.name !== "Ed448" && algorithm.family !== "ml-dsa") return true;
  let answer = supported.get(algorithm.name);
  if (answer === undefined) {
    const { name } = importParameters(algorithm);
    const ask = (globalThis.SubtleCrypto as { supports?: Supports } | undefined)?.supports;
    answer = ask?.call(SubtleCrypto, "importKey", name) === true && ask.call(SubtleCrypto, "verify", name);
    supported.set(algorithm.name, answer);
  }
  return answer;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

export const platform: Platform = {
  name: "web",
  synchronous: false,
  supports,
  importKey,
  importSecret,
  verify,
  sha256,
  hmacSha256,
  decodeBase64url,
  encodeAscii: (text) => encoder.encode(text),
  decodeUtf8,
  fileStore: undefined,
};
