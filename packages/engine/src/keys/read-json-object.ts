import { isObject } from "../token/describe-kind.ts";
import { JsonProblem, parseJson } from "../token/json-reader.ts";
import type { JsonObject } from "../token/json-value.ts";
import { failFetch } from "./fetch-failure.ts";

/** Generous: certificate chains (x5c) and other members that nobody reads here count. */
const LIMITS = { maxDepth: 16, maxMembers: 65_536, maxStringLength: 131_072 } as const;

/**
 * The JSON object that an issuer published: strict, and duplicate members anywhere spoil the whole document.
 *
 * @throws FetchProblem
 */
export function readJsonObject(text: string, maxStringLength: number = LIMITS.maxStringLength): JsonObject {
  const value = parseJson(text, { ...LIMITS, maxStringLength });
  if (value instanceof JsonProblem) failFetch("parse", `expected strict JSON: ${value.message}`);
  if (!isObject(value)) failFetch("parse", "expected a JSON object");
  return value;
}
