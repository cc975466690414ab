/**
 * Keeps a good set of keys from being lost to a bad moment of its publisher: where a new set lacks more than
 * half of the keys in use, its own keys count at once, and the missing ones go on counting for a bounded time.
 */

import type { Algorithm } from "../algorithms.ts";
import type { KeySummary } from "../ports.ts";
import { createKeySet, type ImportedKeySet, type KeySetEntry } from "./imported-key-set.ts";
import type { VerificationKey } from "./key-source.ts";

/** The keys that verify now. */
export interface KeysInUse {
  /** The last set that was fetched, and what is held back of the one before. */
  readonly set: ImportedKeySet;
  readonly fetched: ImportedKeySet;
  /** The set from before the suspicious one; undefined where nothing is held back. */
  readonly before: ImportedKeySet | undefined;
  /** Elapsed milliseconds at which what is held back stops counting, whatever the source does until then. */
  readonly heldUntil: number;
}

export interface HoldBackContext {
  /** Elapsed milliseconds. */
  readonly now: number;
  readonly graceMs: number;
  readonly algorithms: readonly Algorithm[];
}

/** The keys in use after `next` was fetched; `next` has usable keys. */
export function adoptKeySet(
  current: KeysInUse | undefined,
  next: ImportedKeySet,
  context: HoldBackContext,
): { readonly inUse: KeysInUse; readonly suspicious: boolean } {
  const before = current?.before ?? current?.fetched;
  const heldUntil = current?.before === undefined ? context.now + context.graceMs : current.heldUntil;
  if (before === undefined || context.now >= heldUntil) return { inUse: release(next), suspicious: false };
  const missing = missingKeys(before, next);
  if (countNames(missing) * 2 <= countNames(before.keys)) return { inUse: release(next), suspicious: false };
  const set = joinSets(next, missing, context.algorithms);
  return { inUse: { set, fetched: next, before, heldUntil }, suspicious: true };
}

/** The keys in use once nothing is held back any more. */
export function release(fetched: ImportedKeySet): KeysInUse {
  return { set: fetched, fetched, before: undefined, heldUntil: Number.POSITIVE_INFINITY };
}

export interface KeyChanges {
  readonly added: readonly KeySummary[];
  readonly removed: readonly KeySummary[];
}

/** Undefined where both have the same keys. A kid with new material is both removed and added. */
export function compareKeySets(
  before: ImportedKeySet | undefined,
  after: ImportedKeySet | undefined,
): KeyChanges | undefined {
  const added = summarizeMissing(after, before);
  const removed = summarizeMissing(before, after);
  return added.length === 0 && removed.length === 0 ? undefined : { added, removed };
}

function summarizeMissing(from: ImportedKeySet | undefined, other: ImportedKeySet | undefined): KeySummary[] {
  const known = new Set((other?.keys ?? []).map(identify));
  return (from?.keys ?? [])
    .filter((key) => !known.has(identify(key)))
    .map(({ keyId, algorithm }) => ({ keyId, algorithm: algorithm.name }));
}

function identify({ keyId, algorithm, material }: VerificationKey): string {
  return JSON.stringify([keyId ?? null, algorithm.name, material]);
}

/** A key's name stays when its material is replaced in place; a key without kid is named by its material. */
function nameOf({ keyId, algorithm, material }: VerificationKey): string {
  return JSON.stringify(keyId === undefined ? [material] : [keyId, algorithm.keyType]);
}

function countNames(keys: readonly VerificationKey[]): number {
  return new Set(keys.map(nameOf)).size;
}

function missingKeys(before: ImportedKeySet, after: ImportedKeySet): readonly VerificationKey[] {
  const names = new Set(after.keys.map(nameOf));
  return before.keys.filter((key) => !names.has(nameOf(key)));
}

function joinSets(
  fetched: ImportedKeySet,
  held: readonly VerificationKey[],
  algorithms: readonly Algorithm[],
): ImportedKeySet {
  const entries: KeySetEntry[] = [...fetched.keys, ...held].map((key, index) => ({
    index,
    keyId: key.keyId,
    keys: [key],
  }));
  return createKeySet({ algorithms, entries, refused: fetched.refused, ignored: fetched.ignored });
}
