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
const NO_STORE = new Refusal("replay_store_unavailable", { retryAfterSeconds: 1 });

/** A clock that steps back, here or at the store, must not bring back a token whose use was forgotten. */
const MARGIN_SECONDS = 60;

/**
 * Uses up a token that is for one use. The token is what its issuer and `jti` say, never its text (signatures are
 * malleable). Has a side effect, so it comes after every other check. Never rejects.
 */
export async function checkFirstUse(
  token: VerifiedToken,
  { store, clockToleranceSeconds }: FirstUseOptions,
): Promise<Refusal | undefined> {
  const { iss, jti } = token.claims;
  if (typeof jti !== "string" || jti === "") return NO_ID;
  if (!Number.isFinite(token.expiresAt)) return NO_END;
  try {
    // The length keeps apart what a separator could not.
    const use = await store.use(
      `jti ${iss.length} ${iss}${jti}`,
      token.expiresAt + (clockToleranceSeconds + MARGIN_SECONDS) * 1000,
    );
    if (use === "first") return undefined;
    return use === "seen" ? REPLAYED : NO_STORE;
  } catch {
    return NO_STORE;
  }
}
