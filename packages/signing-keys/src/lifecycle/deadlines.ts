/** When the next step of a key is safe: what the store says, or later where the timing has grown since. */

import { computeBounds, type RotationBounds } from "../planner/bounds.ts";
import type { RotationTiming } from "../planner/timing.ts";
import type { KeyLedger, KeyRecord } from "./key-ledger.ts";

export interface BoundsQuery {
  readonly nowMs: number;
  readonly measured?: Partial<RotationTiming> | undefined;
  /** The key that leaves: its tokens may have been given longer lives than those of today. */
  readonly key?: Pick<KeyRecord, "tokenLifetimeSeconds"> | undefined;
}

export function findBounds(
  { timing, former }: Pick<KeyLedger, "timing" | "former">,
  { nowMs, measured, key }: BoundsQuery,
): RotationBounds {
  const recent = former !== undefined && nowMs < former.untilMs ? former.timing : undefined;
  const lifetime = Math.max(recent?.tokenLifetimeSeconds ?? 0, key?.tokenLifetimeSeconds ?? 0);
  return computeBounds(timing, { former: { ...recent, tokenLifetimeSeconds: lifetime }, measured });
}

/** When this key may sign; undefined where it is not published. */
export function findPromoteTime(ledger: KeyLedger, key: KeyRecord, query: BoundsQuery): number | undefined {
  if (key.publishedAtMs === undefined) return undefined;
  return Math.max(key.promoteAtMs ?? 0, key.publishedAtMs + findBounds(ledger, query).promote.ms);
}

/** When this key may leave the JWKS; undefined where it still signs, or never began to leave. */
export function findRemoveTime(ledger: KeyLedger, key: KeyRecord, query: BoundsQuery): number | undefined {
  if (key.retiredAtMs === undefined) return undefined;
  // What never signed has no tokens to wait for.
  if (key.activatedAtMs === undefined) return key.removeAtMs ?? key.retiredAtMs;
  const bounds = findBounds(ledger, { ...query, key });
  return Math.max(key.removeAtMs ?? 0, key.retiredAtMs + bounds.remove.ms);
}

/** Whether every verifier knows it, as far as the bounds say. */
export function isRipe(ledger: KeyLedger, key: KeyRecord, query: BoundsQuery): boolean {
  const promoteAtMs = findPromoteTime(ledger, key, query);
  return key.state === "next" && promoteAtMs !== undefined && query.nowMs >= promoteAtMs;
}
