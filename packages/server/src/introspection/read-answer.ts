/** What an endpoint says (RFC 7662 section 2.2). Whether its claims hold is not judged here. */

import type { JsonObject } from "countersign";

import { EndpointFault } from "../oauth-client/endpoint-fault.ts";

/** `claims` has no `active` any more. */
export type IntrospectionAnswer =
  | { readonly kind: "active"; readonly claims: JsonObject }
  | { readonly kind: "inactive" };

const MAX_DEPTH = 16;
const INACTIVE: IntrospectionAnswer = Object.freeze({ kind: "inactive" });

/** @throws EndpointFault where the text is no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new EndpointFault("bad_answer", "an answer that is no JSON");
  }
}

/** Only `true` is active: "true", 1 and the like are not. @throws EndpointFault where nothing is said. */
export function readAnswer(value: unknown): IntrospectionAnswer {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !("active" in value)) {
    throw new EndpointFault("bad_answer", "an answer without `active`");
  }
  const { active, ...claims } = value as JsonObject;
  return active === true ? { kind: "active", claims: freezeBounded(claims, MAX_DEPTH) } : INACTIVE;
}

/** Freezes. A name that is no ordinary member, or nesting beyond what any claim needs, is no answer. */
function freezeBounded<T>(value: T, depthLeft: number): T {
  if (typeof value !== "object" || value === null) return value;
  if (depthLeft === 0) throw new EndpointFault("bad_answer", "an answer with too much nesting");
  for (const [name, member] of Object.entries(value)) {
    if (name === "__proto__") throw new EndpointFault("bad_answer", "an answer with a member __proto__");
    freezeBounded(member, depthLeft - 1);
  }
  return Object.freeze(value);
}
