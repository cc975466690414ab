/** From text to a token that has the right form and says nothing yet: compact JWS only (RFC 7515 section 7.1). */

import { platform } from "#platform";
import { Refusal } from "../refusal.ts";
import { decodedLength, hasCanonicalEnd } from "./base64url.ts";
import { type JsonLimits, JsonProblem, parseJson } from "./json-reader.ts";
import type { JsonObject } from "./json-value.ts";
import { checkHeader, describeKind, type UnverifiedHeader } from "./token-header.ts";

/** Parsed, not verified: whoever sent it chose every byte. */
export interface UnverifiedToken {
  readonly header: UnverifiedHeader;
  readonly claims: JsonObject;
  readonly signature: Uint8Array;
  /** The header as it was sent: the key under which a decoded header is remembered. */
  readonly headerSegment: string;
  /** The text that is signed: header, dot, payload. */
  readonly signedText: string;
}

/** The decoded header of a known header segment, or undefined. */
export type KnownHeader = (segment: string) => UnverifiedHeader | undefined;

export const DEFAULT_TOKEN_BYTES = 8192;
export const MAX_HEADER_BYTES = 2048;

const TOKEN_JSON_LIMITS: JsonLimits = Object.freeze({
  maxDepth: 16,
  maxMembers: 512,
  maxStringLength: 65536,
});

const ALPHABET_AND_DOTS = /^[A-Za-z0-9_.-]*$/;
const SEGMENTS_OF_JWS = 3;
const SEGMENTS_OF_JWE = 5;

const NO_STRING = new Refusal("malformed_token", { expected: "a string", found: "something else" });
const ENCRYPTED = new Refusal("encryption_unsupported", {
  expected: "three segments (JWS)",
  found: "five segments (JWE)",
});
const NOT_CANONICAL = new Refusal("malformed_token", {
  expected: "canonical base64url (RFC 4648 section 3.5)",
  found: "an impossible length or unused bits that are not zero",
});
const HEADER_TOO_LARGE = new Refusal("malformed_token", {
  expected: `a header of at most ${MAX_HEADER_BYTES} bytes`,
});

/**
 * Parses a compact JWS whose payload is a JSON object.
 *
 * @param text Refused before any decoding where it is longer than `maxBytes`.
 * @param options.knownHeader Spares decoding a header that was seen on a verified token.
 */
export function parseToken(
  text: unknown,
  options: { readonly maxBytes: number; readonly knownHeader?: KnownHeader | undefined },
): UnverifiedToken | Refusal {
  if (typeof text !== "string") return NO_STRING;
  // Every character of a well-formed token is one byte; text with others is refused as malformed below.
  if (text.length > options.maxBytes) return tooLarge(text.length, options.maxBytes);
  const firstDot = text.indexOf(".");
  const lastDot = text.indexOf(".", firstDot + 1);
  // Counted before it is matched: the cheapest refusal is for what has no form at all.
  if (firstDot <= 0 || lastDot < 0 || text.includes(".", lastDot + 1)) return describeSegments(text);
  if (!ALPHABET_AND_DOTS.test(text)) return describeCharacter(text);
  const headerSegment = text.slice(0, firstDot);
  const payloadSegment = text.slice(firstDot + 1, lastDot);
  const signatureSegment = text.slice(lastDot + 1);
  if (
    !(hasCanonicalEnd(headerSegment) && hasCanonicalEnd(payloadSegment) && hasCanonicalEnd(signatureSegment))
  ) {
    return NOT_CANONICAL;
  }
  const header = options.knownHeader?.(headerSegment) ?? parseHeader(headerSegment);
  if (header instanceof Refusal) return header;
  const claims = parseObject(payloadSegment, "payload");
  if (claims instanceof Refusal) return claims;
  const signature = platform.decodeBase64url(signatureSegment);
  return { header, claims, signature, headerSegment, signedText: text.slice(0, lastDot) };
}

function parseHeader(segment: string): UnverifiedHeader | Refusal {
  if (decodedLength(segment.length) > MAX_HEADER_BYTES) return HEADER_TOO_LARGE;
  const header = parseObject(segment, "header");
  return header instanceof Refusal ? header : (checkHeader(header) ?? (header as UnverifiedHeader));
}

function parseObject(segment: string, part: "header" | "payload"): JsonObject | Refusal {
  const text = platform.decodeUtf8(platform.decodeBase64url(segment));
  if (text === undefined) return new Refusal("malformed_token", { expected: `a ${part} in UTF-8` });
  const value = parseJson(text, TOKEN_JSON_LIMITS);
  if (value instanceof JsonProblem) {
    return new Refusal("malformed_token", { expected: `a ${part} of strict JSON`, found: value.message });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  return new Refusal("malformed_token", {
    expected: `a ${part} that is a JSON object`,
    found: describeKind(value),
  });
}

function tooLarge(found: number, limit: number): Refusal {
  return new Refusal("token_too_large", { expected: `at most ${limit} bytes`, found: `${found} bytes` });
}

/** Never dispatches on more than the number of segments: an encrypted token is refused like any other text. */
function describeSegments(text: string): Refusal {
  const count = countSegments(text);
  if (count === SEGMENTS_OF_JWE && ALPHABET_AND_DOTS.test(text)) return ENCRYPTED;
  const found = count === SEGMENTS_OF_JWS ? "an empty header" : `${count} segments`;
  return new Refusal("malformed_token", { expected: "three segments, the first not empty", found });
}

function countSegments(text: string): number {
  let count = 1;
  for (let dot = text.indexOf("."); dot >= 0; dot = text.indexOf(".", dot + 1)) count++;
  return count;
}

function describeCharacter(text: string): Refusal {
  return new Refusal("malformed_token", {
    expected: "base64url without padding (RFC 7515 section 2)",
    found: `another character at position ${text.search(/[^A-Za-z0-9_.-]/)}`,
  });
}
