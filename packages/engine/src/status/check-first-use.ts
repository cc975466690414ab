import { settleWithin } from "../keys/settle-within.ts";
import type { ReplayStore } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";

export interface FirstUseOptions {
  readonly store: ReplayStore;
  /** By how much `exp` may have passed here: the use is remembered for as long as the token can be accepted. */
  readonly clockToleranceSeconds: number;
}

const REPLAYED = new Refusal("token_replayed");
const NO_ID = new Refusal("claim_missing", {
  expected: "jti, which a token for one use needs",
  found: "nothing",
});
const NO_END = new Refusal("claim_missing", {
  expected: "exp, which a token for one use needs",
  found: "nothing",
});
/** How long a store may take to answer; then nobody knows, and nobody passes. */
const MAX_WAIT_MS = 1000;

const NO_STORE = new Refusal("replay_store_unavailable", {
  expected: `an answer of the replay store within ${MAX_WAIT_MS} ms`,
  found: "none, or an error",
  retryAfterSeconds: 1,
});

/** A clock that steps back, here or at the store, must not bring back a token whose use was forgotten. */
const MARGIN_SECONDS = 60;

/** What a token lacks of what its one use is remembered by. To be asked before anything is used up. */
export function findUseProblem({ claims, expiresAt }: VerifiedToken): Refusal | undefined {
  const { jti } = claims;
  if (typeof jti !== "string" || jti === "") return NO_ID;
  return Number.isFinite(expiresAt) ? undefined : NO_END;
}

/**
 * Uses up a token that is for one use. The token is what its issuer and `jti` say, never its text (signatures are
 * malleable). Has a side effect, so it comes after every other check. Never rejects.
 */
export async function checkFirstUse(
  token: VerifiedToken,
  { store, clockToleranceSeconds }: FirstUseOptions,
): Promise<Refusal | undefined> {
  const problem = findUseProblem(token);
  if (problem !== undefined) return problem;
  const { iss, jti } = token.claims;
  try {
    // The length keeps apart what a separator could not.
    const expiresAtMs = token.expiresAt + (clockToleranceSeconds + MARGIN_SECONDS) * 1000;
    const use = await settleWithin(store.use(`jti ${iss.length} ${iss}${jti}`, expiresAtMs), MAX_WAIT_MS);
    if (use === "first") return undefined;
    return use === "seen" ? REPLAYED : NO_STORE;
  } catch {
    return NO_STORE;
  }
}
