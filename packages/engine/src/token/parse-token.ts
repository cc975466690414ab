/** From text to a token that has the right form and says nothing yet: compact JWS only (RFC 7515 section 7.1). */

import { platform } from "#platform";
import { Refusal } from "../refusal.ts";
import { decodeCanonical } from "./base64url.ts";
import { describeKind, isObject } from "./describe-kind.ts";
import { type JsonLimits, JsonProblem, parseJson } from "./json-reader.ts";
import type { JsonObject } from "./json-value.ts";
import { checkHeader, type UnverifiedHeader } from "./token-header.ts";

/** Parsed, not verified: whoever sent it chose every byte. */
export interface UnverifiedToken {
  /** As it was sent. */
  readonly text: string;
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

const TOKEN_JSON_LIMITS: JsonLimits = { maxDepth: 16, maxMembers: 512, maxStringLength: 65_536 };

const ALPHABET_AND_DOTS = /^[A-Za-z0-9_.-]*$/;
const SEGMENTS_OF_JWE = 5;

/**
 * Parses a compact JWS whose payload is a JSON object.
 *
 * @param text Refused before any decoding where it is longer than `maxBytes`.
 * @param options.knownHeader Spares decoding a header that was seen on a verified token.
 */
export function parseToken(
  text: unknown,
  options: {
    readonly maxBytes: number;
    /** Default 2048 octets. */
    readonly maxHeaderBytes?: number;
    /** Of a string of the payload, in UTF-16 units. Default 65536. */
    readonly maxStringLength?: number;
    readonly knownHeader?: KnownHeader | undefined;
  },
): UnverifiedToken | Refusal {
  const { maxBytes, maxHeaderBytes = MAX_HEADER_BYTES, knownHeader } = options;
  if (typeof text !== "string") return malformed("a string", describeKind(text));
  // Every character of a well-formed token is one byte; text with others is refused as malformed below.
  if (text.length > maxBytes) {
    const details = { expected: `at most ${maxBytes} bytes`, found: `${text.length} bytes` };
    return new Refusal("token_too_large", details);
  }
  const firstDot = text.indexOf(".");
  const lastDot = text.indexOf(".", firstDot + 1);
  // Counted before it is matched: the cheapest refusal is for what has no form at all.
  if (firstDot <= 0 || lastDot < 0 || text.includes(".", lastDot + 1)) return describeSegments(text);
  const headerSegment = text.slice(0, firstDot);
  const payloadSegment = text.slice(firstDot + 1, lastDot);
  const signature = decodeCanonical(text.slice(lastDot + 1));
  const payload = decodeCanonical(payloadSegment);
  const known = knownHeader?.(headerSegment);
  const headerOctets = known ?? decodeCanonical(headerSegment);
  if (!(signature && payload && headerOctets)) return describeSpelling(text);
  const header = known ?? parseHeader(headerOctets as Uint8Array, maxHeaderBytes);
  if (header instanceof Refusal) return header;
  const claims = parseObject(payload, "payload", options.maxStringLength);
  if (claims instanceof Refusal) return claims;
  return { text, header, claims, signature, headerSegment, signedText: text.slice(0, lastDot) };
}

/** What is wrong with the spelling of a token that could not be decoded. */
function describeSpelling(text: string): Refusal {
  const at = text.search(/[^A-Za-z0-9_.-]/);
  if (at >= 0)
    return malformed("base64url without padding (RFC 7515 section 2)", `another character at position ${at}`);
  const found = "an impossible length or unused bits that are not zero";
  return malformed("canonical base64url (RFC 4648 section 3.5)", found);
}

function malformed(expected: string, found?: string): Refusal {
  return new Refusal("malformed_token", { expected, found });
}

function parseHeader(octets: Uint8Array, maxBytes: number): UnverifiedHeader | Refusal {
  if (octets.length > maxBytes) return malformed(`a header of at most ${maxBytes} bytes`);
  const header = parseObject(octets, "header");
  return header instanceof Refusal ? header : (checkHeader(header) ?? (header as UnverifiedHeader));
}

function parseObject(
  octets: Uint8Array,
  part: "header" | "payload",
  maxStringLength?: number,
): JsonObject | Refusal {
  const text = platform.decodeUtf8(octets);
  if (text === undefined) return malformed(`a ${part} in UTF-8`);
  const limits =
    maxStringLength === undefined ? TOKEN_JSON_LIMITS : { ...TOKEN_JSON_LIMITS, maxStringLength };
  const value = parseJson(text, limits);
  if (value instanceof JsonProblem) return malformed(`a ${part} of strict JSON`, value.message);
  if (isObject(value)) return value;
  return malformed(`a ${part} that is a JSON object`, describeKind(value));
}

/** Never dispatches on more than the number of segments: an encrypted token is refused like any other text. */
function describeSegments(text: string): Refusal {
  let count = 1;
  for (let dot = text.indexOf("."); dot >= 0; dot = text.indexOf(".", dot + 1)) count++;
  if (count === SEGMENTS_OF_JWE && ALPHABET_AND_DOTS.test(text)) {
    const details = { expected: "three segments (JWS)", found: "five segments (JWE)" };
    return new Refusal("encryption_unsupported", details);
  }
  return malformed("three segments, the first not empty", `${count} segments`);
}
