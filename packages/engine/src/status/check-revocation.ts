import type { RevocableToken, RevocationList } from "../ports.ts";
import { Refusal } from "../refusal.ts";

/** "required": what may have been revoked since the feed was lost is refused too. "unchecked": only what is known. */
export type RevocationFreshness = "required" | "unchecked";

/** What no list was needed to expect; the entry that was found stays with the operator. */
const REVOKED = new Refusal("token_revoked", { found: "a revocation in force" });
const SUSPENDED = new Refusal("token_suspended", { found: "a suspension in force" });
const NOT_FRESH = new Refusal("revocation_unavailable", {
  expected: "a revocation feed within maxStaleSeconds",
  retryAfterSeconds: 1,
});

/**
 * Asks a list about a token whose signature was verified. What is known is refused however old the feed is.
 * Answers at once, without allocating; nothing of it may be remembered from one validation to the next.
 */
export function checkRevocation(
  token: RevocableToken,
  { list, freshness }: { readonly list: RevocationList; readonly freshness: RevocationFreshness },
): Refusal | undefined {
  const status = list.find(token);
  if (status === "revoked") return REVOKED;
  if (status === "suspended") return SUSPENDED;
  return freshness === "required" && !list.isFresh() ? NOT_FRESH : undefined;
}
