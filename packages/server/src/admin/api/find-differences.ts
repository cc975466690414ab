/** In what the instances of a store do not agree. */

import type { KnownInstance } from "../../stores/instance-registry.ts";

export type DifferenceKind =
  | "silent"
  | "version"
  | "configuration"
  | "keys"
  | "position"
  | "stale"
  | "unreported";

export interface Difference {
  readonly instance: string;
  readonly what: DifferenceKind;
  /** Of "keys": the alias. */
  readonly issuer: string | null;
  readonly found: string | null;
  /** What most live instances say; of equally many, what the one that is asked says. */
  readonly expected: string | null;
}

export interface DifferenceQuery {
  /** The id of the instance that is asked. */
  readonly self: string;
  readonly head: number;
  readonly maxStaleSeconds: number;
}

export function findDifferences(
  instances: readonly KnownInstance[],
  query: DifferenceQuery,
): readonly Difference[] {
  const isLive = (each: KnownInstance): boolean => each.silentMs <= query.maxStaleSeconds * 1000;
  const live = instances.filter(isLive);
  const own = live.find(({ id }) => id === query.self);
  const silent = instances
    .filter((each) => !isLive(each))
    .map(({ id, silentMs }) =>
      differ(id, {
        what: "silent",
        found: `${Math.floor(silentMs / 1000)} s`,
        expected: `at most ${query.maxStaleSeconds} s`,
      }),
    );
  const expectedVersion = chooseCommon(
    live.map(({ version }) => version),
    own?.version,
  );
  const described = live.filter((each) => each.configurationHash !== undefined && each.keySets !== undefined);
  const hashes = described.map(({ configurationHash = null }) => configurationHash);
  const expectedHash = chooseCommon(hashes, own?.configurationHash);
  const expectedKeys = chooseKeys(described, own);
  const found = live.flatMap((each) => [
    ...(each.version === expectedVersion
      ? []
      : [differ(each.id, { what: "version", found: each.version, expected: expectedVersion })]),
    ...compareDescribed(each, { expectedHash, expectedKeys }),
    ...compareFeed(each, query),
  ]);
  return [...silent, ...found];
}

function compareDescribed(
  { id, configurationHash, keySets }: KnownInstance,
  {
    expectedHash,
    expectedKeys,
  }: { readonly expectedHash: string | null; readonly expectedKeys: ReadonlyMap<string, string | null> },
): readonly Difference[] {
  if (configurationHash === undefined || keySets === undefined) return [differ(id, { what: "unreported" })];
  const held = new Map(keySets.map(({ issuer, hash }) => [issuer, hash]));
  const keys = [...expectedKeys].flatMap(([issuer, expected]) => {
    // Who has other issuers has another configuration, which is said once.
    const found = held.get(issuer);
    return found === undefined || found === expected
      ? []
      : [differ(id, { what: "keys", issuer, found, expected })];
  });
  if (configurationHash === expectedHash) return keys;
  return [differ(id, { what: "configuration", found: configurationHash, expected: expectedHash }), ...keys];
}

function compareFeed(
  { id, position, ageSeconds }: KnownInstance,
  query: DifferenceQuery,
): readonly Difference[] {
  const behind =
    position < query.head
      ? [differ(id, { what: "position", found: String(position), expected: String(query.head) })]
      : [];
  if (ageSeconds !== undefined && ageSeconds <= query.maxStaleSeconds) return behind;
  const found = ageSeconds === undefined ? null : `${Math.floor(ageSeconds)} s`;
  return [...behind, differ(id, { what: "stale", found, expected: `at most ${query.maxStaleSeconds} s` })];
}

function chooseKeys(
  instances: readonly KnownInstance[],
  own: KnownInstance | undefined,
): ReadonlyMap<string, string | null> {
  const values = new Map<string, (string | null)[]>();
  for (const { keySets = [] } of instances) {
    for (const { issuer, hash } of keySets) values.set(issuer, [...(values.get(issuer) ?? []), hash]);
  }
  const ownKeys = new Map((own?.keySets ?? []).map(({ issuer, hash }) => [issuer, hash]));
  return new Map([...values].map(([issuer, hashes]) => [issuer, chooseCommon(hashes, ownKeys.get(issuer))]));
}

function chooseCommon<Value extends string | null>(
  values: readonly Value[],
  own: Value | undefined,
): Value | null {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  if (own !== undefined && counts.get(own) === most) return own;
  return [...counts].find(([, count]) => count === most)?.[0] ?? null;
}

function differ(
  instance: string,
  rest: Partial<Omit<Difference, "instance">> & Pick<Difference, "what">,
): Difference {
  return { instance, issuer: null, found: null, expected: null, ...rest };
}
