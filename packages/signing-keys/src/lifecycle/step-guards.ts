/** What steps have in common: what must hold before, and what is written down. */

import type { RotationTiming } from "../planner/timing.ts";
import type { ChangeContext, KeyMove } from "./change-ledger.ts";
import { findBounds, findPromoteTime, isRipe } from "./deadlines.ts";
import { findKey, type KeyLedger, type KeyRecord, type KeyState, listNext } from "./key-ledger.ts";
import { TransitionRefusedError } from "./transition-refused.ts";

export interface StepContext extends ChangeContext {
  /** What was seen in operation; lengthens bounds. */
  readonly measured?: Partial<RotationTiming> | undefined;
}

export interface KeyStep extends StepContext {
  readonly keyId: string;
}

export function activate(ledger: KeyLedger, key: KeyRecord, { nowMs }: StepContext): KeyMove {
  return { keyId: key.keyId, to: "active", set: { activatedAtMs: nowMs, ...boundLifetime(ledger, key) } };
}

export function retire(ledger: KeyLedger, key: KeyRecord, step: StepContext): KeyMove {
  const { remove } = findBounds(ledger, { ...step, key });
  const set = { retiredAtMs: step.nowMs, removeAtMs: step.nowMs + remove.ms };
  return { keyId: key.keyId, to: "retiring", set };
}

export function boundLifetime(
  { timing }: KeyLedger,
  { tokenLifetimeSeconds = 0 }: KeyRecord,
): Partial<KeyRecord> {
  return { tokenLifetimeSeconds: Math.max(tokenLifetimeSeconds, timing.tokenLifetimeSeconds) };
}

export function requireKey(ledger: KeyLedger, keyId: string): KeyRecord {
  const key = findKey(ledger, keyId);
  if (key !== undefined) return key;
  throw new TransitionRefusedError("unknown_key", "there is no key of this kid; `keys list` shows them");
}

export function requireState(key: KeyRecord, states: readonly KeyState[], done: string): void {
  if (states.includes(key.state)) return;
  throw new TransitionRefusedError(
    "wrong_state",
    `the key is ${key.state}; only one that is ${states.join(" or ")} can be ${done}`,
    { keyId: key.keyId },
  );
}

/** After this key has its turn, another must be ripe: an emergency may come at any time. */
export function requireStandby(ledger: KeyLedger, key: KeyRecord, step: StepContext): void {
  const others = listNext(ledger).filter(({ keyId }) => keyId !== key.keyId);
  if (others.some((other) => isRipe(ledger, other, step))) return;
  const times = others.map((other) => findPromoteTime(ledger, other, step) ?? Number.POSITIVE_INFINITY);
  const notBeforeMs = Math.min(...times);
  throw new TransitionRefusedError(
    "no_standby",
    "no other key would be ripe for an emergency; publish one, and wait until it is",
    { keyId: key.keyId, ...(Number.isFinite(notBeforeMs) && { notBeforeMs }) },
  );
}

export function requireReason({ isEmergency, reason }: StepContext): void {
  if (isEmergency === true && reason === undefined) {
    throw new TransitionRefusedError("reason_required", "an emergency needs a reason, for the record");
  }
}

export function tooMany(message: string): TransitionRefusedError {
  return new TransitionRefusedError("too_many_keys", message);
}

export function tooEarly(
  { keyId }: KeyRecord,
  {
    what,
    notBeforeMs,
    nowMs,
  }: { readonly what: string; readonly notBeforeMs: number; readonly nowMs: number },
): TransitionRefusedError {
  const when = Number.isFinite(notBeforeMs) ? `not before ${new Date(notBeforeMs).toISOString()}` : "never";
  const wait = Number.isFinite(notBeforeMs) ? `, in ${Math.ceil((notBeforeMs - nowMs) / 1000)} s` : "";
  return new TransitionRefusedError("too_early", `the key may ${what} ${when}${wait}`, {
    keyId,
    notBeforeMs,
  });
}
