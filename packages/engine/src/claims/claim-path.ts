/** Where in a token's claims a value stands: JSON pointer (RFC 6901), dotted path, or one name. */

import { isObject } from "../token/describe-kind.ts";
import type { JsonObject, JsonValue } from "../token/json-value.ts";
import { isJsonList } from "../token/json-value.ts";

/** Names from the outside in; list positions as text. */
export type ClaimPath = readonly string[];

const MAX_CHARACTERS = 256;
const MAX_STEPS = 16;
const LIST_POSITION = /^(?:0|[1-9][0-9]{0,8})$/;

/**
 * Reads a path: "/a/b" is a JSON pointer, in which `~1` is "/" and `~0` is "~"; a name with "://" is one name,
 * as issuers give namespaced claims; all else is split at its dots.
 */
export function parseClaimPath(text: string): ClaimPath | undefined {
  if (text === "" || text.length > MAX_CHARACTERS || /\p{Cc}/u.test(text)) return undefined;
  if (text.startsWith("/")) return parsePointer(text);
  if (text.includes("://")) return [text];
  const steps = text.split(".");
  return steps.length > MAX_STEPS || steps.includes("") ? undefined : steps;
}

/** The value at a path; undefined where there is none. Inherited members do not count. */
export function findClaim(claims: JsonObject, path: ClaimPath): JsonValue | undefined {
  let value: JsonValue | undefined = claims;
  for (const step of path) {
    if (isJsonList(value)) value = LIST_POSITION.test(step) ? value[Number(step)] : undefined;
    else if (isObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    else return undefined;
  }
  return value;
}

function parsePointer(text: string): ClaimPath | undefined {
  const steps = text.slice(1).split("/");
  if (steps.length > MAX_STEPS || steps.some((step) => /~(?![01])/.test(step))) return undefined;
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
