import { isObject } from "../token/describe-kind.ts";
import { groupBy } from "./group-by.ts";
import { importJwk, type KeyImportContext } from "./import-jwk.ts";
import { createKeySet, type ImportedKeySet, type KeySetEntry } from "./imported-key-set.ts";
import type { ExcludedKey } from "./key-problem.ts";

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
  /** Whether it has too many keys. */
  readonly isTooLarge: boolean;

  constructor(message: string, isTooLarge: boolean) {
    super(message);
    this.isTooLarge = isTooLarge;
  }
}

/**
 * Imports a JWK Set (RFC 7517 section 5). One bad key spoils only itself; two different keys of one kid
 * and type spoil each other, because nobody can tell which is meant (RFC 7517 section 4.5).
 *
 * @throws KeySetError where the document has no array `keys`, or more than `maxKeys` of them.
 */
export function importKeySet(document: unknown, context: KeySetImportContext): ImportedKeySet {
  const imported: KeySetEntry[] = [];
  const excluded = { refused: [] as ExcludedKey[], ignored: [] as ExcludedKey[] };
  readKeys(document, context.maxKeys ?? DEFAULT_MAX_KEYS).forEach((jwk, index) => {
    const result = importJwk(jwk, context);
    if ("keys" in result) imported.push({ index, ...result });
    else excluded[result.exclusion].push({ index, keyId: result.keyId, problem: result.problem });
  });
  const entries: KeySetEntry[] = [];
  for (const [, group] of groupBy(imported, nameEntry)) {
    // Of several equal keys one is kept, and of several different ones none.
    const isConflict = new Set(group.map(materialOf)).size > 1;
    if (!isConflict) entries.push(...group.splice(0, 1));
    for (const { index, keyId } of group) {
      if (isConflict) {
        excluded.refused.push({
          index,
          keyId,
          problem: "another key of the set has the same kid and kty",
        });
      } else excluded.ignored.push({ index, keyId, problem: "the same key is in the set already" });
    }
  }
  return createKeySet({
    algorithms: context.algorithms,
    entries: entries.sort(byIndex),
    refused: excluded.refused.sort(byIndex),
    ignored: excluded.ignored.sort(byIndex),
  });
}

function readKeys(document: unknown, maxKeys: number): readonly unknown[] {
  const keys: unknown = isObject(document)
    ? Object.getOwnPropertyDescriptor(document, "keys")?.value
    : undefined;
  if (!Array.isArray(keys))
    throw new KeySetError("expected a member keys that is an array (RFC 7517 section 5)", false);
  if (keys.length > maxKeys) {
    throw new KeySetError(`expected at most ${maxKeys} keys, found ${keys.length}; see maxKeys`, true);
  }
  // A copy without holes: forEach would skip them, and what is no key has to be reported.
  return Array.from(keys as readonly unknown[]);
}

/** Keys without kid have no name to fight for; they are grouped by what they are. */
function nameEntry(entry: KeySetEntry): string {
  const { keyId } = entry;
  return JSON.stringify(
    keyId === undefined ? [materialOf(entry)] : [keyId, entry.keys[0]?.algorithm.keyType],
  );
}

function materialOf({ keys }: KeySetEntry): string | undefined {
  return keys[0]?.material;
}

function byIndex(left: { readonly index: number }, right: { readonly index: number }): number {
  return left.index - right.index;
}
