import type { Algorithm } from "../algorithms.ts";
import { resolveAlias } from "./choose-algorithms.ts";
import { groupBy } from "./group-by.ts";
import { type ExcludedKey, readProblem } from "./key-problem.ts";
import {
  type KeyLookup,
  type KeyQuery,
  MAX_TRIALS,
  type RefusedLookup,
  type VerificationKey,
} from "./key-source.ts";
import { quoteText } from "./read-jwk.ts";

/** What one position of the set became: a key for each of its algorithms. */
export interface KeySetEntry {
  readonly index: number;
  readonly keyId: string | undefined;
  readonly keys: readonly VerificationKey[];
}

/** An answer of a set that is complete: it never asks for a fetch. */
export type SettledKeyLookup = Exclude<KeyLookup, { kind: "fetch_needed" }>;

/** Keys of one issuer at one moment. Immutable. */
export interface ImportedKeySet {
  /** Never asks for a fetch; `key_unknown` and `key_unsuitable` are its only refusals. */
  find(query: KeyQuery): SettledKeyLookup;
  readonly keys: readonly VerificationKey[];
  /** Broken, weak or contradictory keys: somebody has to act. */
  readonly refused: readonly ExcludedKey[];
  /** Keys for something else, such as encryption or an algorithm that is not allowed here. */
  readonly ignored: readonly ExcludedKey[];
  readonly hasUsableKeys: boolean;
  /**
   * Resolves when the runtime has imported every key, to the set without those that it refused; on
   * synchronous platforms to the set itself. Never rejects.
   */
  settle(): Promise<ImportedKeySet>;
}

export interface KeySetParts {
  readonly algorithms: readonly Algorithm[];
  readonly entries: readonly KeySetEntry[];
  readonly refused: readonly ExcludedKey[];
  readonly ignored: readonly ExcludedKey[];
}

/** Makes a set of keys that are imported already; see `importKeySet` and `importSecrets`. */
export function createKeySet(parts: KeySetParts): ImportedKeySet {
  const { entries } = parts;
  const keys = Object.freeze(entries.flatMap((entry) => entry.keys));
  const set: ImportedKeySet = Object.freeze({
    find: indexKeys(keys, parts),
    keys,
    refused: Object.freeze([...parts.refused]),
    ignored: Object.freeze([...parts.ignored]),
    hasUsableKeys: keys.length > 0,
    settle: async () => (keys.some(({ native }) => native instanceof Promise) ? settleKeySet(parts) : set),
  });
  return set;
}

async function settleKeySet(parts: KeySetParts): Promise<ImportedKeySet> {
  const entries: KeySetEntry[] = [];
  const refused = [...parts.refused];
  for (const entry of parts.entries) {
    const { index, keyId } = entry;
    try {
      const keys = await Promise.all(entry.keys.map(async (key) => ({ ...key, native: await key.native })));
      entries.push({ index, keyId, keys });
    } catch (error) {
      refused.push({ index, keyId, problem: readProblem(error).problem });
    }
  }
  return createKeySet({ ...parts, entries, refused });
}

const UNKNOWN: RefusedLookup = Object.freeze({ kind: "refused", reason: "key_unknown" });

/**
 * Prepares every answer of an immutable set, so that a lookup makes nothing.
 *
 * A query's kid matches keys of exactly this kid. A query without kid gets every key of the algorithm, and
 * `key_unknown` where these are more than `MAX_TRIALS`. Where the kid is there, but no key that fits,
 * the answer is `key_unsuitable`.
 */
function indexKeys(
  keys: readonly VerificationKey[],
  { algorithms, refused, ignored }: KeySetParts,
): ImportedKeySet["find"] {
  /** From an allowed name to the name that keys have. */
  const names = new Map(algorithms.map((algorithm) => [algorithm.name, resolveAlias(algorithm)]));
  const answers = new Map(
    [...groupBy(keys, ({ algorithm }) => algorithm.name)].map(([name, group]) => [name, indexByKeyId(group)]),
  );
  const unsuitable = new Map<string | undefined, RefusedLookup>();
  const explain = (keyId: string | undefined, text: string): void => {
    if (keyId === undefined || unsuitable.has(keyId)) return;
    const detail = `the key ${quoteText(keyId)} ${text}`;
    unsuitable.set(keyId, Object.freeze({ kind: "refused", reason: "key_unsuitable", detail }));
  };
  for (const [keyId, group] of groupBy(keys, (key) => key.keyId)) {
    explain(keyId, `is for ${group.map(({ algorithm }) => algorithm.name).join(", ")}`);
  }
  for (const { keyId, problem } of [...refused, ...ignored]) explain(keyId, `does not count: ${problem}`);

  return ({ keyId, algorithm }) => {
    const resolved = names.get(algorithm.name);
    const found = resolved && answers.get(resolved.name)?.get(keyId);
    return found ?? unsuitable.get(keyId) ?? UNKNOWN;
  };
}

/** The answers for keys of one algorithm, by kid: no text is put together for a lookup. */
function indexByKeyId(keys: readonly VerificationKey[]): ReadonlyMap<string | undefined, SettledKeyLookup> {
  const groups = groupBy(keys, ({ keyId }) => keyId);
  // Without a kid in the query every key is a candidate, not only those without one.
  groups.set(undefined, [...keys]);
  return new Map([...groups].map(([keyId, group]) => [keyId, createAnswer(group)]));
}

function createAnswer(keys: readonly VerificationKey[]): SettledKeyLookup {
  if (keys.length <= MAX_TRIALS) return Object.freeze({ kind: "found", keys: Object.freeze(keys) });
  const detail = `the token has no kid, and ${keys.length} keys fit; at most ${MAX_TRIALS} are tried`;
  return Object.freeze({ ...UNKNOWN, detail });
}
