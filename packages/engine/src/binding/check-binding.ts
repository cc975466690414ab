import { Refusal } from "../refusal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";

export const BINDING_EXPECTED = "a token without cnf, or proof that its key is held";

const MISSING = new Refusal("binding_missing", {
  expected: BINDING_EXPECTED,
  found: "cnf, and no proof with the token",
});

/**
 * A token that names a key in `cnf` is worth nothing without proof of that key (RFC 7800 section 3): taking it as a
 * bearer token would let in whoever stole it (RFC 9449 section 7.2). A token alone proves nothing.
 */
export function checkBinding(token: VerifiedToken): Refusal | undefined {
  return token.claims["cnf"] === undefined ? undefined : MISSING;
}
