/** Writes changes of state into a ledger together with their records, and refuses to leave it in a state that must not be. */

import { createHash } from "node:crypto";
import { findLedgerProblem } from "./find-ledger-problem.ts";
import {
  type KeyLedger,
  type KeyRecord,
  type KeyState,
  MAX_HISTORY,
  MAX_KEYS,
  type TransitionRecord,
} from "./key-ledger.ts";

/** Who does something when, and why. */
export interface ChangeContext {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** For the record: 1 to 200 characters. */
  readonly actor: string;
  readonly reason?: string | undefined;
  /** Skips what only protects from refusals, never what protects from acceptances. Needs a reason. Default false. */
  readonly isEmergency?: boolean | undefined;
}

export interface KeyMove {
  readonly keyId: string;
  readonly to: KeyState;
  readonly set?: Partial<KeyRecord>;
}

export interface LedgerChange {
  readonly action: string;
  readonly moves: readonly KeyMove[];
  /** Keys that were not there before; each needs a move. */
  readonly added?: readonly KeyRecord[];
  readonly set?: Partial<Omit<KeyLedger, "keys" | "version" | "history" | "format">>;
}

/** @throws TypeError where the ledger would break a rule, which is a defect of whoever made the change. */
export function changeLedger(ledger: KeyLedger, change: LedgerChange, context: ChangeContext): KeyLedger {
  const { action, moves, added = [], set } = change;
  const known = new Map(ledger.keys.map((key) => [key.keyId, key.state]));
  const keys = [...ledger.keys, ...added].map((key) => {
    const move = moves.find(({ keyId }) => keyId === key.keyId);
    return move === undefined ? key : { ...key, ...move.set, state: move.to };
  });
  let previous = ledger.history.at(-1);
  const records = moves.map(({ keyId, to }): TransitionRecord => {
    previous = record(previous, { context, action, keyId, from: known.get(keyId) ?? "none", to });
    return previous;
  });
  const changed: KeyLedger = {
    ...ledger,
    ...set,
    version: ledger.version + 1,
    keys: forgetOldest(keys),
    history: [...ledger.history, ...records].slice(-MAX_HISTORY),
  };
  const problem = findLedgerProblem(changed);
  if (problem !== undefined) throw new TypeError(`${action} would leave the keys so that ${problem}`);
  return changed;
}

type RecordedMove = Pick<TransitionRecord, "action" | "keyId" | "from" | "to"> & {
  readonly context: ChangeContext;
};

function record(previous: TransitionRecord | undefined, move: RecordedMove): TransitionRecord {
  const { context, ...rest } = move;
  const { nowMs, actor, reason, isEmergency = false } = context;
  const plain = {
    sequence: (previous?.sequence ?? 0) + 1,
    atMs: nowMs,
    actor,
    ...rest,
    isEmergency,
    ...(reason !== undefined && { reason }),
  };
  return { ...plain, digest: digestRecord(plain, previous?.digest ?? "") };
}

/** Chains a record to the one before. */
export function digestRecord(record: Omit<TransitionRecord, "digest">, previousDigest: string): string {
  const { sequence, atMs, actor, action, keyId, from, to, isEmergency, reason = null } = record;
  const text = JSON.stringify([
    previousDigest,
    sequence,
    atMs,
    actor,
    action,
    keyId,
    from,
    to,
    isEmergency,
    reason,
  ]);
  return createHash("sha256").update(text).digest("base64url");
}

function forgetOldest(keys: readonly KeyRecord[]): readonly KeyRecord[] {
  let surplus = keys.length - MAX_KEYS;
  return keys.filter(({ state }) => {
    if (surplus <= 0 || state !== "destroyed") return true;
    surplus -= 1;
    return false;
  });
}
