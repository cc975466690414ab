/** The steps of a bad day: back to the key before, away with a key that leaked, back with one that went too early. */

import { changeLedger, type KeyMove } from "./change-ledger.ts";
import { findBounds } from "./deadlines.ts";
import { isPublished, type KeyLedger, type KeyRecord, listNext, MAX_PUBLISHED_KEYS } from "./key-ledger.ts";
import {
  activate,
  boundLifetime,
  type KeyStep,
  requireKey,
  requireState,
  retire,
  tooMany,
} from "./step-guards.ts";
import { TransitionRefusedError } from "./transition-refused.ts";

/** The successor stops to sign and the one before it signs again, as long as that one is still in the JWKS. */
export function rollBack(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (key.state === "retiring") return ledger;
  requireState(key, ["active"], "demoted");
  if (step.reason === undefined)
    throw new TransitionRefusedError("reason_required", "a rollback needs a reason");
  const predecessor = findPredecessor(ledger, key);
  if (predecessor === undefined) {
    throw new TransitionRefusedError("no_successor", "the key that signed before is no longer in the JWKS", {
      keyId: key.keyId,
    });
  }
  const set = { retiredAtMs: undefined, removeAtMs: undefined };
  const moves: readonly KeyMove[] = [
    retire(ledger, key, step),
    { keyId: predecessor.keyId, to: "active", set: { ...set, ...boundLifetime(ledger, predecessor) } },
  ];
  return changeLedger(ledger, { action: "rollback", moves, set: { rotation: undefined } }, step);
}

/** Whoever signed last before this one, and can sign again. */
export function findPredecessor(ledger: KeyLedger, successor: KeyRecord): KeyRecord | undefined {
  return ledger.keys
    .filter(({ state, retiredAtMs, activatedAtMs }) => {
      return state === "retiring" && activatedAtMs !== undefined && retiredAtMs === successor.activatedAtMs;
    })
    .at(-1);
}

/**
 * Any state → revoked: out of the JWKS, and never trusted again. Where it signs, a ripe key takes its place; or one
 * that is not ripe, since refusing for a while is better than a thief's tokens.
 */
export function revokeKey(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (key.state === "revoked") return ledger;
  if (step.reason === undefined)
    throw new TransitionRefusedError("reason_required", "revoking needs a reason");
  const { nowMs } = step;
  const moves: KeyMove[] = [
    {
      keyId: key.keyId,
      to: "revoked",
      set: { revokedAtMs: nowMs, destroyAtMs: nowMs + ledger.retentionSeconds * 1000 },
    },
  ];
  if (key.state === "active") {
    // The one published first is the first to be ripe.
    const [successor] = listNext(ledger);
    if (successor === undefined) {
      throw new TransitionRefusedError("no_successor", "no key is published that could sign instead", {
        keyId: key.keyId,
      });
    }
    moves.push(activate(ledger, successor, step));
  }
  const ends = ledger.rotation?.fromKeyId === key.keyId;
  return changeLedger(
    ledger,
    {
      action: "revoke",
      moves,
      set: {
        emergencyUntilMs: nowMs + findBounds(ledger, step).promote.ms,
        ...(ends && { rotation: undefined }),
      },
    },
    step,
  );
}

/** removed or revoked → retiring: in the JWKS again, for as long as its tokens may live. It signs no more. */
export function restoreKey(ledger: KeyLedger, step: KeyStep): KeyLedger {
  const key = requireKey(ledger, step.keyId);
  if (key.state === "retiring") return ledger;
  if (step.reason === undefined)
    throw new TransitionRefusedError("reason_required", "restoring needs a reason");
  requireState(key, ["removed", "revoked"], "restored");
  if (ledger.keys.filter(isPublished).length >= MAX_PUBLISHED_KEYS) {
    throw tooMany(`the JWKS holds ${MAX_PUBLISHED_KEYS} keys; remove retired ones first`);
  }
  const { nowMs } = step;
  const set = {
    publishedAtMs: nowMs,
    promoteAtMs: undefined,
    activatedAtMs: key.activatedAtMs ?? nowMs,
    retiredAtMs: nowMs,
    removeAtMs: nowMs + findBounds(ledger, { ...step, key }).remove.ms,
    removedAtMs: undefined,
    revokedAtMs: undefined,
    destroyAtMs: undefined,
  };
  return changeLedger(
    ledger,
    { action: "restore", moves: [{ keyId: key.keyId, to: "retiring", set }] },
    step,
  );
}
