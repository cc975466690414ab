/** From the text of an answer to a JWK Set or to an issuer's metadata; the keys themselves are looked at by import. */

import { JsonProblem, parseJson } from "../token/json-reader.ts";
import type { JsonObject, JsonValue } from "../token/json-value.ts";

/** Generous: certificate chains (x5c) and other members that nobody reads here count. */
const LIMITS = { maxDepth: 16, maxMembers: 65_536, maxStringLength: 131_072 } as const;

export interface DocumentProblem {
  readonly problem: string;
}

/** A JSON object in a null-prototype, frozen form; duplicate members anywhere spoil the whole document. */
export function readJsonObject(
  text: string,
  maxStringLength: number = LIMITS.maxStringLength,
): { readonly value: JsonObject } | DocumentProblem {
  const value = parseJson(text, { ...LIMITS, maxStringLength });
  if (value instanceof JsonProblem) return { problem: `expected strict JSON: ${value.message}` };
  if (!isObject(value)) return { problem: "expected a JSON object" };
  return { value };
}

/** A JWK Set (RFC 7517 section 5): an object whose `keys` is an array of at most `maxKeys`. */
export function readKeySetDocument(
  text: string,
  maxKeys: number,
): { readonly keys: readonly JsonValue[] } | (DocumentProblem & { readonly tooMany?: true }) {
  const read = readJsonObject(text);
  if ("problem" in read) return read;
  const keys = read.value["keys"];
  if (!Array.isArray(keys))
    return { problem: "expected a member keys that is an array (RFC 7517 section 5)" };
  if (keys.length <= maxKeys) return { keys };
  return { problem: `expected at most ${maxKeys} keys, found ${keys.length}; see maxKeys`, tooMany: true };
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
