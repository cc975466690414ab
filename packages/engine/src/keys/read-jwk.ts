/** The members of a JWK that are of interest, read once from whatever object it came in. */

/** RFC 7518 section 6, RFC 8037 section 2, RFC 9964: members that only private or symmetric keys have. */
const PRIVATE_MEMBERS: readonly string[] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

const MEMBERS = ["kty", "kid", "alg", "use", "key_ops", "crv", "n", "e", "x", "y", "pub"] as const;

/** Own data members as they were at one moment; of private members only the names. */
export type JwkMembers = Readonly<Record<(typeof MEMBERS)[number], unknown>> & {
  readonly privateNames: readonly string[];
};

export type JwkReading = { readonly members: JwkMembers } | { readonly problem: string };

/**
 * Reads own members only, each once, so that neither a prototype nor a getter decides what a key is.
 * All other members (`x5c`, `x5u`, `iat`, ...) are not looked at (RFC 7517 section 4).
 */
export function readJwk(jwk: unknown): JwkReading {
  if (typeof jwk !== "object" || jwk === null || Array.isArray(jwk)) {
    return { problem: "a key must be a JSON object" };
  }
  const members: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of MEMBERS) {
    const property = Object.getOwnPropertyDescriptor(jwk, name);
    if (property !== undefined && !("value" in property)) {
      return { problem: `"${name}" must be plain data, not an accessor` };
    }
    members[name] = property?.value;
  }
  const privateNames = PRIVATE_MEMBERS.filter((name) => Object.hasOwn(jwk, name));
  return { members: { ...(members as Record<(typeof MEMBERS)[number], unknown>), privateNames } };
}
