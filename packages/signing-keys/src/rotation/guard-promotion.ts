/** After a key began to sign: takes it back where verifiers begin to refuse, as long as the key before is still there. */

import { setTimeout as pause } from "node:timers/promises";
import type { ValidationCounts, Verifier } from "../gates/verifier.ts";
import { findActive, type TransitionRecord } from "../lifecycle/key-ledger.ts";
import { findPredecessor, rollBack } from "../lifecycle/undo-steps.ts";
import type { KeyManager } from "./key-manager.ts";

export interface ErrorBudget {
  /** The share of validations that may fail for a key's sake, beyond what did before. Default 0.01; above 0, at most 1. */
  readonly failureShare?: number;
  /** Fewer validations prove nothing. Default 100. */
  readonly leastValidations?: number;
  /** How often verifiers are asked. Default 1000; 10..60000. */
  readonly intervalMs?: number;
}

export interface PromotionGuard {
  /** What verifiers counted before: taken before the promotion. */
  readonly before: ReadonlyMap<string, ValidationCounts>;
  /** The share of failures that there was already: strangers' tokens fail too. */
  readonly usualShare: number;
}

export interface GuardOutcome {
  readonly isRolledBack: boolean;
  readonly accepted: number;
  readonly keyFailures: number;
  readonly records: readonly TransitionRecord[];
}

export interface GuardQuery {
  readonly manager: KeyManager;
  readonly verifiers: readonly Verifier[];
  readonly guard: PromotionGuard;
  readonly budget?: ErrorBudget;
  /** How long the new key is watched. */
  readonly watchMs: number;
}

const DEFAULTS = { failureShare: 0.01, leastValidations: 100, intervalMs: 1000 } as const;

/** Counts before a promotion. One that cannot be asked is not counted with. */
export async function prepareGuard(issuer: string, verifiers: readonly Verifier[]): Promise<PromotionGuard> {
  const before = await countAll(issuer, verifiers);
  const sum = addUp([...before.values()]);
  const total = sum.accepted + sum.keyFailures;
  return { before, usualShare: total === 0 ? 0 : sum.keyFailures / total };
}

/**
 * Watches the key that signs. Where more than the budget fails the key before signs again, and the new one retires; its
 * tokens stay good. Nobody but the issuer's own tokens count in the usual share, so that a flood of strange tokens that
 * begins at the same moment can roll back a rotation, and do no more than that.
 */
export async function guardPromotion({
  manager,
  verifiers,
  guard,
  budget,
  watchMs,
}: GuardQuery): Promise<GuardOutcome> {
  const { failureShare, leastValidations, intervalMs } = { ...DEFAULTS, ...budget };
  if (!(failureShare > 0 && failureShare <= 1))
    throw new RangeError("failureShare: expected above 0, at most 1");
  if (!(intervalMs >= 10 && intervalMs <= 60_000)) throw new RangeError("intervalMs: expected 10 to 60000");
  const { issuer } = await manager.read();
  const deadline = performance.now() + watchMs;
  for (;;) {
    const since = addUp(subtract(await countAll(issuer, verifiers), guard.before));
    const total = since.accepted + since.keyFailures;
    const share = total === 0 ? 0 : since.keyFailures / total;
    if (total >= leastValidations && share - guard.usualShare > failureShare) {
      const records = await undo(manager, share);
      return { ...since, isRolledBack: records.length > 0, records };
    }
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return { ...since, isRolledBack: false, records: [] };
    await pause(Math.min(intervalMs, leftMs));
  }
}

async function undo(manager: KeyManager, share: number): Promise<readonly TransitionRecord[]> {
  const percent = (share * 100).toFixed(1);
  const reason = `${percent} % of validations failed for the sake of keys since the key signs`;
  const { records } = await manager.apply(
    (ledger, context) => {
      const active = findActive(ledger);
      // Where the key before is gone there is no way back.
      if (active === undefined || findPredecessor(ledger, active) === undefined) return ledger;
      return rollBack(ledger, { ...context, keyId: active.keyId });
    },
    { reason },
  );
  return records;
}

async function countAll(
  issuer: string,
  verifiers: readonly Verifier[],
): Promise<ReadonlyMap<string, ValidationCounts>> {
  const counted = await Promise.allSettled(
    verifiers.map(async (verifier) => [verifier.name, await verifier.countValidations(issuer)] as const),
  );
  return new Map(counted.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
}

/** What came since; a verifier that began anew begins from nothing. */
function subtract(
  now: ReadonlyMap<string, ValidationCounts>,
  before: ReadonlyMap<string, ValidationCounts>,
): readonly ValidationCounts[] {
  return [...now].flatMap(([name, counts]) => {
    const earlier = before.get(name);
    if (earlier === undefined) return [];
    const isAnew = counts.accepted < earlier.accepted || counts.keyFailures < earlier.keyFailures;
    if (isAnew) return [counts];
    return [
      {
        accepted: counts.accepted - earlier.accepted,
        keyFailures: counts.keyFailures - earlier.keyFailures,
      },
    ];
  });
}

function addUp(counts: readonly ValidationCounts[]): ValidationCounts {
  return {
    accepted: counts.reduce((sum, each) => sum + each.accepted, 0),
    keyFailures: counts.reduce((sum, each) => sum + each.keyFailures, 0),
  };
}
