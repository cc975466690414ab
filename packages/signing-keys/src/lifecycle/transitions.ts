/** Each step of a key's life, as a function from one ledger to the next. The same ledger comes back where nothing is to do. */

import { changeLedger, type KeyMove } from "./change-ledger.ts";
import { findBounds, findPromoteTime, findRemoveTime } from "./deadlines.ts";
import {
  findActive,
  findKey,
  isPublished,
  type KeyLedger,
  type KeyRecord,
  type KeyState,
  MAX_KEYS,
  MAX_PUBLISHED_KEYS,
} from "./key-ledger.ts";
import {
  activate,
  type KeyStep,
  requireKey,
  requireReason,
  requireStandby,
  requireState,
  retire,
  type StepContext,
  tooEarly,
  tooMany,
} from "./step-guards.ts";

/** Takes in a key that a back end has made. */
export function addKey(ledger: KeyLedger, key: KeyRecord, context: StepContext): KeyLedger {
  if (findKey(ledger, key.keyId) !== undefined) return ledger;
  const isFull = ledger.keys.length >= MAX_KEYS && !ledger.keys.some(({ state }) => state === "destroyed");
  if (isFull) throw tooMany(`the ledger holds ${MAX_KEYS} keys, none of them destroyed`);
  return changeLedger(
    ledger,
    {
      action: "generate",
      moves: [{ keyId: key.keyId, to: "generated" }],
      added: [key],
      set: { pending: ledger.pending.filter(({ label }) => label !== key.label) },
    },
    context,
  );
}

/** generated → next: from now on in the JWKS. */
export function publishKey(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (isPublished(key)) return ledger;
  requireState(key, ["generated"], "published");
  if (ledger.keys.filter(isPublished).length >= MAX_PUBLISHED_KEYS) {
    throw tooMany(`the JWKS holds ${MAX_PUBLISHED_KEYS} keys; remove retired ones first`);
  }
  const { promote } = findBounds(ledger, step);
  const set = { publishedAtMs: step.nowMs, promoteAtMs: step.nowMs + promote.ms };
  return changeLedger(ledger, { action: "publish", moves: [{ keyId: key.keyId, to: "next", set }] }, step);
}

/** next → active; whoever signed before retires at the same instant. The very first key waits for nobody. */
export function promoteKey(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (key.state === "active") return ledger;
  requireState(key, ["next"], "promoted");
  requireReason(step);
  const active = findActive(ledger);
  if (active !== undefined && step.isEmergency !== true) {
    const notBeforeMs = findPromoteTime(ledger, key, step) ?? 0;
    if (step.nowMs < notBeforeMs) throw tooEarly(key, { what: "sign", notBeforeMs, nowMs: step.nowMs });
    requireStandby(ledger, key, step);
  }
  const moves = [
    ...(active === undefined ? [] : [retire(ledger, active, step)]),
    activate(ledger, key, step),
  ];
  return changeLedger(ledger, { action: "promote", moves }, step);
}

/** retiring → removed: no longer in the JWKS. */
export function removeKey(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (key.state === "removed" || key.state === "destroyed") return ledger;
  requireState(key, ["retiring"], "removed");
  requireReason(step);
  const notBeforeMs = findRemoveTime(ledger, key, step) ?? Number.POSITIVE_INFINITY;
  if (step.isEmergency !== true && step.nowMs < notBeforeMs) {
    throw tooEarly(key, { what: "leave the JWKS", notBeforeMs, nowMs: step.nowMs });
  }
  const set = { removedAtMs: step.nowMs, destroyAtMs: step.nowMs + ledger.retentionSeconds * 1000 };
  const ends = ledger.rotation?.fromKeyId === key.keyId;
  return changeLedger(
    ledger,
    {
      action: "remove",
      moves: [{ keyId: key.keyId, to: "removed", set }],
      ...(ends && { set: { rotation: undefined } }),
    },
    step,
  );
}

/** Takes a key that waits out of line; it has signed nothing, so it may go at once. */
export function withdrawKey(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (key.state === "retiring" || key.state === "removed" || key.state === "destroyed") return ledger;
  requireState(key, ["next"], "withdrawn");
  requireReason(step);
  if (step.isEmergency !== true) requireStandby(ledger, key, step);
  const set = { retiredAtMs: step.nowMs, removeAtMs: step.nowMs };
  return changeLedger(ledger, { action: "retire", moves: [{ keyId: key.keyId, to: "retiring", set }] }, step);
}

/** removed or revoked → destroyed. The back end has destroyed the private half before. */
export function markDestroyed(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (key.destroyedAtMs !== undefined) return ledger;
  checkDestroyable(key, step);
  const to: KeyState = key.state === "revoked" ? "revoked" : "destroyed";
  const moves: readonly KeyMove[] = [{ keyId: key.keyId, to, set: { destroyedAtMs: step.nowMs } }];
  return changeLedger(ledger, { action: "destroy", moves }, step);
}

/** Whether its private half may go now. @throws TransitionRefusedError where it may not. */
export function checkDestroyable(key: KeyRecord, step: StepContext): void {
  requireState(key, ["removed", "destroyed", "revoked"], "destroyed");
  requireReason(step);
  const notBeforeMs = key.destroyAtMs ?? Number.POSITIVE_INFINITY;
  if (step.isEmergency !== true && step.nowMs < notBeforeMs) {
    throw tooEarly(key, { what: "be destroyed", notBeforeMs, nowMs: step.nowMs });
  }
}
