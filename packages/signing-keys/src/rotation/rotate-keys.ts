/** A rotation from its beginning to its end, in as many calls as it takes: what is due is done, and what is not is told. */

import type { Gate, GateAnswer, GatedStepName } from "../gates/gate.ts";
import { findPromoteTime, findRemoveTime } from "../lifecycle/deadlines.ts";
import {
  findActive,
  findKey,
  type KeyLedger,
  type KeyRecord,
  listNext,
  type TransitionRecord,
} from "../lifecycle/key-ledger.ts";
import { TransitionRefusedError } from "../lifecycle/transition-refused.ts";
import { promoteKey, publishKey, removeKey } from "../lifecycle/transitions.ts";
import { GateHoldsError } from "./gate-holds-error.ts";
import type { KeyManager, StepOptions, StepResult } from "./key-manager.ts";

export interface RotateOptions extends Pick<StepOptions, "reason"> {
  /** Asked before a key signs and before one leaves. */
  readonly gates?: readonly Gate[];
  /** Begins a rotation where none is under way. Default true. */
  readonly begins?: boolean;
  /** Begins one only where the active key signs for this long. Default 0. */
  readonly minimumAgeSeconds?: number;
}

/** A step that is not due, or held. */
export type RotationHold =
  | { readonly kind: "time"; readonly step: string; readonly keyId: string; readonly notBeforeMs: number }
  | {
      readonly kind: "gate";
      readonly step: GatedStepName;
      readonly keyId: string;
      readonly gates: readonly GateAnswer[];
      /** True where gates could not be asked, and none said no. */
      readonly isUnavailable: boolean;
    };

export interface RotationReport {
  readonly ledger: KeyLedger;
  /** What this call did. */
  readonly records: readonly TransitionRecord[];
  /** What is still to come, the next first. Empty where nothing is. */
  readonly holds: readonly RotationHold[];
  /** Whether a rotation is under way. */
  readonly isRotating: boolean;
}

/** Most steps of one call: each brings a key further, so that more would be a loop. */
const MOST_STEPS = 64;

/**
 * Does everything that is due. Idempotent, and safe to be killed at any instant: what was done stands in the ledger, and
 * the next call goes on from there.
 */
export async function rotateKeys(manager: KeyManager, options: RotateOptions = {}): Promise<RotationReport> {
  const records: TransitionRecord[] = [];
  if (options.begins !== false) await beginRotation(manager, options);
  for (let count = 0; count < MOST_STEPS; count += 1) {
    const ledger = await manager.read();
    const { done, holds } = await takeStep(manager, { ledger, options });
    if (done === undefined) return { ledger, records, holds, isRotating: ledger.rotation !== undefined };
    records.push(...done.records);
  }
  throw new Error("the rotation takes steps without an end; this is a defect");
}

async function beginRotation(manager: KeyManager, { minimumAgeSeconds = 0 }: RotateOptions): Promise<void> {
  await manager.apply((ledger, { nowMs }) => {
    const active = findActive(ledger);
    if (ledger.rotation !== undefined || active === undefined) return ledger;
    const ageMs = nowMs - (active.activatedAtMs ?? nowMs);
    if (ageMs < minimumAgeSeconds * 1000) return ledger;
    const rotation = { fromKeyId: active.keyId, startedAtMs: nowMs };
    return { ...ledger, version: ledger.version + 1, rotation };
  });
}

interface StepQuestion {
  readonly ledger: KeyLedger;
  readonly options: RotateOptions;
}

interface TakenStep {
  /** Undefined where nothing is due. */
  readonly done?: StepResult | undefined;
  readonly holds: readonly RotationHold[];
}

async function takeStep(manager: KeyManager, { ledger, options }: StepQuestion): Promise<TakenStep> {
  const isLeaving = ledger.rotation !== undefined && findActive(ledger)?.keyId === ledger.rotation.fromKeyId;
  const published = await publishMissing(manager, { ledger, wanted: isLeaving ? 2 : 1, options });
  if (published !== undefined) return { done: published, holds: [] };
  const holds: RotationHold[] = [];
  const steps: readonly (() => Promise<StepResult | RotationHold | undefined>)[] = [
    ...(isLeaving ? [() => promoteFirst(manager, { ledger, options })] : []),
    ...ledger.keys
      .filter(({ state }) => state === "retiring")
      .map((key) => () => removeWhenDue(manager, { ledger, key, options })),
    ...ledger.keys
      .filter(({ destroyAtMs, destroyedAtMs }) => destroyAtMs !== undefined && destroyedAtMs === undefined)
      .map((key) => () => destroyWhenDue(manager, { key, options })),
  ];
  for (const step of steps) {
    const outcome = await step();
    if (outcome === undefined) continue;
    if (!("kind" in outcome)) return { done: outcome, holds };
    holds.push(outcome);
  }
  return { holds };
}

/** A key that was made and not published, by whoever died in between, is taken before another is made. */
async function publishMissing(
  manager: KeyManager,
  { ledger, wanted, options: { reason } }: StepQuestion & { readonly wanted: number },
): Promise<StepResult | undefined> {
  if (listNext(ledger).length >= wanted) return undefined;
  const waiting = ledger.keys.find(({ state }) => state === "generated");
  if (waiting === undefined) return manager.generate({ reason });
  const { keyId } = waiting;
  return manager.apply((current, context) => publishKey(current, { ...context, keyId }), { reason });
}

async function promoteFirst(
  manager: KeyManager,
  { ledger, options: { gates = [], reason } }: StepQuestion,
): Promise<StepResult | RotationHold | undefined> {
  const [first, ...others] = listNext(ledger);
  if (first === undefined) return undefined;
  const query = { nowMs: manager.nowMs, measured: manager.measured };
  const standby = Math.min(...others.map((key) => findPromoteTime(ledger, key, query) ?? 0));
  const notBeforeMs = Math.max(findPromoteTime(ledger, first, query) ?? 0, standby);
  const { keyId } = first;
  if (query.nowMs < notBeforeMs) return { kind: "time", step: "promote", keyId, notBeforeMs };
  const { fromKeyId } = ledger.rotation ?? {};
  return holdOrDo(() =>
    manager.apply(
      (current, context) => {
        // Somebody else may have promoted it meanwhile, and have taken that back: this rotation is over then.
        const isOver = current.rotation?.fromKeyId !== fromKeyId || findActive(current)?.keyId !== fromKeyId;
        if (isOver) return current;
        return promoteKey(current, { ...context, keyId });
      },
      { reason, gated: { step: "promote", keyId: () => keyId, gates } },
    ),
  );
}

async function removeWhenDue(
  manager: KeyManager,
  { ledger, key, options: { gates = [], reason } }: StepQuestion & { readonly key: KeyRecord },
): Promise<StepResult | RotationHold> {
  const { keyId } = key;
  const query = { nowMs: manager.nowMs, measured: manager.measured };
  const notBeforeMs = findRemoveTime(ledger, key, query) ?? 0;
  if (query.nowMs < notBeforeMs) return { kind: "time", step: "remove", keyId, notBeforeMs };
  return holdOrDo(() =>
    manager.apply(
      (current, context) => {
        return findKey(current, keyId)?.state === "retiring"
          ? removeKey(current, { ...context, keyId })
          : current;
      },
      { reason, gated: { step: "remove", keyId: () => keyId, gates } },
    ),
  );
}

async function destroyWhenDue(
  manager: KeyManager,
  { key, options: { reason } }: { readonly key: KeyRecord; readonly options: RotateOptions },
): Promise<StepResult | RotationHold> {
  const { keyId, destroyAtMs = 0 } = key;
  if (manager.nowMs < destroyAtMs) return { kind: "time", step: "destroy", keyId, notBeforeMs: destroyAtMs };
  return manager.destroy(keyId, { reason });
}

async function holdOrDo(step: () => Promise<StepResult>): Promise<StepResult | RotationHold> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof GateHoldsError) {
      const { isUnavailable, held } = error;
      return { kind: "gate", isUnavailable, ...held };
    }
    // The clock of another writer was behind ours: its deadline is later.
    if (error instanceof TransitionRefusedError && error.notBeforeMs !== undefined) {
      const { keyId = "", notBeforeMs } = error;
      return { kind: "time", step: error.code, keyId, notBeforeMs };
    }
    throw error;
  }
}
