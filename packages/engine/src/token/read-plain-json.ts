/**
 * The quick way to read strict JSON. Text that the runtime's own serializer gives back unchanged has no member
 * twice, no white space, no second spelling of a number; that is what providers send. All other text, good or
 * bad, is left to the strict reader, which alone refuses and says why.
 */

import type { JsonLimits } from "./json-reader.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";

/** The value with objects that have no prototype, or undefined where only the strict reader can tell. */
export function readPlainJson(text: string, limits: JsonLimits): JsonObject | undefined {
  // Escapes have several spellings and may hide a name; a member of this name is never read.
  if (text.length > limits.maxStringLength || text.includes("\\") || text.includes('"__proto__"'))
    return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (JSON.stringify(value) !== text) return undefined;
  } catch {
    return undefined;
  }
  membersLeft = limits.maxMembers;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && bare(value as JsonObject, limits.maxDepth) ? (value as JsonObject) : undefined;
}

// Reading is synchronous and never re-entered.
let membersLeft = 0;

/** Takes the prototype from every object, so that no name means more than another. False where a limit is passed. */
function bare(value: JsonObject | readonly JsonValue[], depthLeft: number): boolean {
  if (depthLeft === 0) return false;
  if (Array.isArray(value)) {
    for (const member of value as readonly JsonValue[]) if (!bareMember(member, depthLeft)) return false;
    return true;
  }
  Object.setPrototypeOf(value, null);
  const object = value as JsonObject;
  for (const name in object) if (!bareMember(object[name] as JsonValue, depthLeft)) return false;
  return true;
}

function bareMember(member: JsonValue, depthLeft: number): boolean {
  if (--membersLeft < 0) return false;
  if (typeof member === "object") return member === null || bare(member, depthLeft - 1);
  // Past 2^53 neighbors share one value, and whether the text was exact is for the strict reader to say.
  return typeof member !== "number" || Math.abs(member) <= Number.MAX_SAFE_INTEGER;
}
