/** First use of a proof, across every process that shares the store (RFC 9449 section 11.1). */

import { settleWithin } from "../keys/settle-within.ts";
import type { ReplayStore } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import { refuseProof } from "./refuse-proof.ts";

/** What a store is asked with: a hash of the key, the `jti` and the `htu` of a proof, and until when it could pass. */
export interface ProofUse {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** For the client's next proof, where its nonce is not the newest (RFC 9449 section 8.2). */
  readonly nextNonce?: string | undefined;
}

/** How long a store may take to answer; then nobody knows, and nobody passes. */
const MAX_WAIT_MS = 1000;

const SEEN = refuseProof("a proof that was not used before", "one that was");
const UNKNOWN = new Refusal("replay_store_unavailable", {
  expected: `an answer of the replay store within ${MAX_WAIT_MS} ms`,
  found: "none, or an error",
  retryAfterSeconds: 1,
});

/** Records a use. Asked last, because it uses the proof up. */
export async function useOnce(
  store: ReplayStore,
  { key, expiresAtMs }: ProofUse,
): Promise<Refusal | undefined> {
  try {
    const answer = await settleWithin(store.use(key, expiresAtMs), MAX_WAIT_MS);
    if (answer === "first") return undefined;
    return answer === "seen" ? SEEN : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}
