import type { KeyImportContext } from "./import-jwk.ts";
import { importJwk } from "./import-jwk.ts";
import type { ExcludedKey, ImportedKeySet, KeySetEntry } from "./imported-key-set.ts";
import { createKeySet } from "./imported-key-set.ts";

export type { ImportedKeySet } from "./imported-key-set.ts";

export interface KeySetImportContext extends KeyImportContext {
  /** Most keys in the set. Default 256. */
  readonly maxKeys?: number;
}

/** Most keys of a set where no other bound is configured. */
const DEFAULT_MAX_KEYS = 256;

/** Thrown where a document is no JWK Set at all; a set with bad keys among others is none of these. */
export class KeySetError extends Error {
  override readonly name = "KeySetError";
}

/**
 * Imports a JWK Set (RFC 7517 section 5). One bad key spoils only itself; two different keys of one kid
 * and type spoil each other, because nobody can tell which is meant (RFC 7517 section 4.5).
 *
 * @throws KeySetError where the document has no array `keys`, or more than `maxKeys` of them.
 */
export function importKeySet(
  document: { readonly keys: readonly unknown[] },
  context: KeySetImportContext,
): ImportedKeySet {
  const entries: KeySetEntry[] = [];
  const refused: ExcludedKey[] = [];
  const ignored: ExcludedKey[] = [];
  readKeys(document, context.maxKeys ?? DEFAULT_MAX_KEYS).forEach((jwk, index) => {
    const imported = importJwk(jwk, context);
    const { keyId } = imported;
    if ("keys" in imported) entries.push({ index, keyId, keys: imported.keys });
    else if ("refused" in imported) refused.push({ index, keyId, problem: imported.refused });
    else ignored.push({ index, keyId, problem: imported.ignored });
  });
  const { unique, repeated, conflicting } = separateDuplicates(entries);
  return createKeySet({
    algorithms: context.algorithms,
    entries: unique,
    refused: [...refused, ...conflicting].sort(byIndex),
    ignored: [...ignored, ...repeated].sort(byIndex),
  });
}

function readKeys(document: unknown, maxKeys: number): readonly unknown[] {
  const isObject = typeof document === "object" && document !== null;
  const keys: unknown = isObject ? Object.getOwnPropertyDescriptor(document, "keys")?.value : undefined;
  if (!Array.isArray(keys)) throw new KeySetError('A JWK Set must be a JSON object with an array "keys"');
  if (keys.length > maxKeys) {
    throw new KeySetError(`The JWK Set has ${keys.length} keys, more than the limit of ${maxKeys}`);
  }
  // A copy without holes: forEach would skip them, and what is no key has to be reported.
  return Array.from(keys as readonly unknown[]);
}

interface Separated {
  readonly unique: readonly KeySetEntry[];
  readonly repeated: readonly ExcludedKey[];
  readonly conflicting: readonly ExcludedKey[];
}

/** Same kid and type: one of several equal keys is kept, and none of several different ones. */
function separateDuplicates(entries: readonly KeySetEntry[]): Separated {
  const unique: KeySetEntry[] = [];
  const repeated: ExcludedKey[] = [];
  const conflicting: ExcludedKey[] = [];
  for (const group of groupByName(entries)) {
    const [first, ...others] = group;
    const differs = others.some((other) => materialOf(other) !== materialOf(first));
    if (!differs) unique.push(first);
    for (const { index, keyId } of differs ? group : others) {
      if (differs)
        conflicting.push({ index, keyId, problem: "another key of the set has the same kid and kty" });
      else repeated.push({ index, keyId, problem: "the same key is in the set already" });
    }
  }
  return { unique: unique.sort(byIndex), repeated, conflicting };
}

type Group = [KeySetEntry, ...KeySetEntry[]];

function groupByName(entries: readonly KeySetEntry[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const entry of entries) {
    // Keys without kid have no name to fight for; they are grouped by what they are.
    const name = JSON.stringify([entry.keyId ?? null, keyTypeOf(entry), entry.keyId ?? materialOf(entry)]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else group.push(entry);
  }
  return groups.values();
}

function keyTypeOf({ keys }: KeySetEntry): string | undefined {
  return keys[0]?.algorithm.keyType;
}

function materialOf({ keys }: KeySetEntry): string | undefined {
  return keys[0]?.material;
}

function byIndex(left: { readonly index: number }, right: { readonly index: number }): number {
  return left.index - right.index;
}
