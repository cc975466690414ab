import type { Algorithm } from "../algorithms.ts";
import type { KeySummary } from "../ports.ts";
import type { SettledKeyLookup } from "./index-keys.ts";
import { indexKeys } from "./index-keys.ts";
import type { KeyQuery, VerificationKey } from "./key-source.ts";

/** A key of the set that does not count. */
export interface ExcludedKey {
  /** Position in the set, from 0. */
  readonly index: number;
  readonly keyId: string | undefined;
  /** For people; holds no key material. */
  readonly problem: string;
}

/** What one position of the set became: a key for each of its algorithms. */
export interface KeySetEntry {
  readonly index: number;
  readonly keyId: string | undefined;
  readonly keys: readonly VerificationKey[];
}

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
  /** One for each key and algorithm. */
  readonly summaries: readonly KeySummary[];
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
  const { algorithms, entries, refused, ignored } = parts;
  const keys = Object.freeze(entries.flatMap((entry) => entry.keys));
  const set: ImportedKeySet = {
    find: indexKeys({ keys, algorithms, excluded: [...refused, ...ignored] }),
    keys,
    refused: Object.freeze([...refused]),
    ignored: Object.freeze([...ignored]),
    hasUsableKeys: keys.length > 0,
    summaries: Object.freeze(
      keys.map(({ keyId, algorithm }) => Object.freeze({ keyId, algorithm: algorithm.name })),
    ),
    settle: () => (keys.some(isPending) ? settleKeySet(parts) : Promise.resolve(set)),
  };
  return Object.freeze(set);
}

function isPending(key: VerificationKey): boolean {
  return key.native instanceof Promise;
}

async function settleKeySet(parts: KeySetParts): Promise<ImportedKeySet> {
  const entries: KeySetEntry[] = [];
  const refused = [...parts.refused];
  for (const entry of parts.entries) {
    try {
      const keys = await Promise.all(entry.keys.map(async (key) => ({ ...key, native: await key.native })));
      entries.push({ ...entry, keys });
    } catch {
      const { index, keyId } = entry;
      refused.push({ index, keyId, problem: "the runtime's crypto refuses the key" });
    }
  }
  return createKeySet({ ...parts, entries, refused });
}
