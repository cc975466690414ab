import type { Algorithm, AlgorithmName } from "../algorithms.ts";
import { resolveAlias } from "./choose-algorithms.ts";
import type { KeyLookup, KeyQuery, VerificationKey } from "./key-source.ts";
import { MAX_TRIALS } from "./key-source.ts";
import { quoteText } from "./quote-text.ts";

/** An answer of a set that is complete: it never asks for a fetch. */
export type SettledKeyLookup = Exclude<KeyLookup, { kind: "fetch_needed" }>;

export interface KeyIndexInput {
  readonly keys: readonly VerificationKey[];
  /** The issuer's allowed algorithms, aliases included. */
  readonly algorithms: readonly Algorithm[];
  /** Keys with a kid that do not count, and why. */
  readonly excluded: readonly { readonly keyId: string | undefined; readonly problem: string }[];
}

const UNKNOWN: SettledKeyLookup = Object.freeze({ kind: "refused", reason: "key_unknown" });

type LookupsByAlgorithm = ReadonlyMap<AlgorithmName, SettledKeyLookup>;

/**
 * Prepares every answer of an immutable set, so that a lookup makes nothing.
 *
 * A query's kid matches keys of exactly this kid. A query without kid gets every key of the algorithm, and
 * `key_unknown` where these are more than `MAX_TRIALS`. Where the kid is there, but no key that fits,
 * the answer is `key_unsuitable`.
 */
export function indexKeys({
  keys,
  algorithms,
  excluded,
}: KeyIndexInput): (query: KeyQuery) => SettledKeyLookup {
  const allowed: ReadonlySet<AlgorithmName> = new Set(algorithms.map(({ name }) => name));
  const byKeyId = new Map<string, LookupsByAlgorithm>();
  const unsuitable = new Map<string, SettledKeyLookup>();
  for (const [keyId, group] of groupByKeyId(keys)) {
    byKeyId.set(keyId, lookupsOf(group));
    const names = group.map(({ algorithm }) => algorithm.name).join(", ");
    unsuitable.set(keyId, refuseUnsuitable(`the key ${quoteText(keyId)} is for ${names}`));
  }
  for (const { keyId, problem } of excluded) {
    if (keyId === undefined || unsuitable.has(keyId)) continue;
    unsuitable.set(keyId, refuseUnsuitable(`the key ${quoteText(keyId)} does not count: ${problem}`));
  }
  const withoutKeyId = lookupsOf(keys);

  return ({ keyId, algorithm }) => {
    const name = allowed.has(algorithm.name) ? resolveAlias(algorithm).name : undefined;
    const lookups = keyId === undefined ? withoutKeyId : byKeyId.get(keyId);
    const found = name === undefined ? undefined : lookups?.get(name);
    if (found !== undefined) return found;
    return (keyId === undefined ? undefined : unsuitable.get(keyId)) ?? UNKNOWN;
  };
}

function groupByKeyId(keys: readonly VerificationKey[]): ReadonlyMap<string, readonly VerificationKey[]> {
  const groups = new Map<string, VerificationKey[]>();
  for (const key of keys) {
    if (key.keyId === undefined) continue;
    const group = groups.get(key.keyId);
    if (group === undefined) groups.set(key.keyId, [key]);
    else group.push(key);
  }
  return groups;
}

function lookupsOf(keys: readonly VerificationKey[]): LookupsByAlgorithm {
  const groups = new Map<AlgorithmName, VerificationKey[]>();
  for (const key of keys) {
    const { name } = key.algorithm;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [key]);
    else group.push(key);
  }
  return new Map([...groups].map(([name, group]) => [name, lookupOf(group)]));
}

function lookupOf(keys: readonly VerificationKey[]): SettledKeyLookup {
  if (keys.length <= MAX_TRIALS) return Object.freeze({ kind: "found", keys: Object.freeze(keys) });
  return Object.freeze({
    kind: "refused",
    reason: "key_unknown",
    detail: `the token has no kid, and ${keys.length} keys fit; at most ${MAX_TRIALS} are tried`,
  });
}

function refuseUnsuitable(detail: string): SettledKeyLookup {
  return Object.freeze({ kind: "refused", reason: "key_unsuitable", detail });
}
