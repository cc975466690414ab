/** What the processes of an instance hold of issuers' keys, and what they say of a token that is only shown to them. */

import type { ReasonName, Validator } from "countersign";
import type { KeyPublisher, KeySharing, SharedKeys } from "countersign/sharing";

export interface ProcessCount {
  /** Processes that judge requests. */
  readonly judging: number;
  /** Those of them that answered in time. */
  readonly answered: number;
}

export interface HeldKeys {
  readonly processes: ProcessCount;
  /** By alias; issuers whose keys are fetched. */
  readonly issuers: ReadonlyMap<string, HeldKeySet>;
}

export interface HeldKeySet {
  readonly keys: SharedKeys;
  /** How many of the processes that judge have said that they judge with these very keys. */
  readonly upToDate: number;
}

export interface CanaryVerdict {
  readonly reason: ReasonName | "ok";
  /** The `kid` of the key that verified it; null where it was not accepted. */
  readonly keyId: string | null;
}

export interface CanaryVerdicts {
  readonly processes: ProcessCount;
  readonly verdicts: readonly CanaryVerdict[];
}

/** What the API asks of whoever judges. Neither rejects. */
export interface KeyHolders {
  readKeys(): Promise<HeldKeys>;
  /** Nothing is used up by it. */
  judgeCanary(token: string): Promise<CanaryVerdicts>;
}

/** Whose text it is, is not asked, and the feed need not be fresh: only whether the token itself is good. */
const SHOWN = { presentation: "unchecked", revocationFreshness: "unchecked" } as const;

export async function judgeCanary(
  validator: Pick<Validator, "validate">,
  token: string,
): Promise<CanaryVerdict> {
  const verdict = await validator.validate(token, SHOWN);
  return verdict.ok
    ? { reason: "ok", keyId: verdict.token.keyId ?? null }
    : { reason: verdict.reason, keyId: null };
}

/** What a validator that fetches for itself or for others has; nothing of one that follows. */
export function readSharedKeys(sharing: KeySharing | undefined): ReadonlyMap<string, SharedKeys> {
  return sharing !== undefined && isPublisher(sharing) ? sharing.read() : new Map();
}

function isPublisher(sharing: KeySharing): sharing is KeyPublisher {
  return "read" in sharing;
}
