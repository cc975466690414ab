/** The members of a JWK that are of interest, read once from whatever object it came in. */

import { isObject } from "../token/describe-kind.ts";
import { refuse } from "./key-problem.ts";

/** RFC 7518 section 6, RFC 8037 section 2, RFC 9964: members that only private or symmetric keys have. */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] as const;

const MEMBERS = ["kty", "kid", "alg", "use", "key_ops", "crv", "n", "e", "x", "y", "pub"] as const;

/** Own data members as they were at one moment; of private members only the names. */
export type JwkMembers = Readonly<Record<(typeof MEMBERS)[number], unknown>> & {
  readonly privateNames: readonly string[];
};

/**
 * Reads own members only, each once, so that neither a prototype nor a getter decides what a key is.
 * All other members (`x5c`, `x5u`, `iat`, ...) are not looked at (RFC 7517 section 4).
 *
 * @throws KeyProblem
 */
export function readJwk(jwk: unknown): JwkMembers {
  if (!isObject(jwk)) refuse("a key must be a JSON object");
  const entries = MEMBERS.map((name) => {
    const property = Object.getOwnPropertyDescriptor(jwk, name);
    if (property?.get ?? property?.set) refuse(`"${name}" must be plain data, not an accessor`);
    return [name, property?.value as unknown];
  });
  const privateNames = PRIVATE_MEMBERS.filter((name) => Object.hasOwn(jwk, name));
  return { ...(Object.fromEntries(entries) as JwkMembers), privateNames };
}

const LONGEST_QUOTE = 64;

/** Text of a key set for people: ASCII only, one line, at most 64 characters and an ellipsis. */
export function quoteText(text: string): string {
  const start = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
  return JSON.stringify(start).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
