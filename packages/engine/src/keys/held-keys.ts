/** Keys of a set that its successor suddenly lacks, and that go on counting beside it for a while. */

import type { Algorithm } from "../algorithms.ts";
import { createKeySet, type ImportedKeySet } from "./imported-key-set.ts";
import type { VerificationKey } from "./key-source.ts";

/** The keys of `before` whose names `fetched` does not have. */
export function listMissingKeys(
  fetched: ImportedKeySet,
  before: ImportedKeySet | undefined,
): readonly VerificationKey[] {
  const names = new Set(fetched.keys.map(nameKey));
  return before?.keys.filter((key) => !names.has(nameKey(key))) ?? [];
}

/** The fetched set with the missing keys beside its own. */
export function addHeldKeys(
  fetched: ImportedKeySet,
  held: { readonly missing: readonly VerificationKey[]; readonly algorithms: readonly Algorithm[] },
): ImportedKeySet {
  const entries = [...fetched.keys, ...held.missing].map((key) => ({
    index: 0,
    keyId: key.keyId,
    keys: [key],
  }));
  return createKeySet({ ...fetched, algorithms: held.algorithms, entries });
}

export function countNames(keys: readonly VerificationKey[]): number {
  return new Set(keys.map(nameKey)).size;
}

/** A key's name stays when its material is replaced in place; a key without kid is named by its material. */
function nameKey({ keyId, algorithm, material }: VerificationKey): string {
  return JSON.stringify(keyId === undefined ? [material] : [keyId, algorithm.keyType]);
}
