/** How long things take around a key, in seconds: what the bounds of a rotation are computed from. */

export interface RotationTiming {
  /** P: from a change in the store until every replica of the JWKS serves it. */
  readonly publishSeconds: number;
  /** A: how long shared caches and CDNs keep an answer, `stale-while-revalidate` included. */
  readonly sharedCacheSeconds: number;
  /** C: how long a verifier keeps its copy: the greater of `max-age` and its own least lifetime or cooldown. */
  readonly clientCacheSeconds: number;
  /** S: how much longer a verifier keeps it where no fetch succeeds. */
  readonly staleSeconds: number;
  /** Ps: until every signer has switched; `TokenSigner` refuses to sign past it. */
  readonly switchSeconds: number;
  /** T: the longest lifetime of a token, not the usual one; `TokenSigner` refuses a longer one. */
  readonly tokenLifetimeSeconds: number;
  /** L: what verifiers tolerate after `exp`. */
  readonly leewaySeconds: number;
  /** E: the largest error of any party's clock. */
  readonly clockErrorSeconds: number;
}

export type TimingName = keyof RotationTiming;

export interface TimingTerm {
  readonly name: TimingName;
  readonly symbol: string;
  readonly bound: "G" | "H";
  /** How often it counts. */
  readonly factor: number;
  /** Why it counts, for people. */
  readonly reason: string;
}

/** G = P + A + C + S, H = Ps + T + L + 2E. */
export const TIMING_TERMS: readonly TimingTerm[] = [
  {
    name: "publishSeconds",
    symbol: "P",
    bound: "G",
    factor: 1,
    reason: "until every replica of the JWKS serves the change",
  },
  {
    name: "sharedCacheSeconds",
    symbol: "A",
    bound: "G",
    factor: 1,
    reason: "shared caches and CDNs may serve the set from before",
  },
  {
    name: "clientCacheSeconds",
    symbol: "C",
    bound: "G",
    factor: 1,
    reason: "a verifier may have fetched that set last, and keeps it",
  },
  {
    name: "staleSeconds",
    symbol: "S",
    bound: "G",
    factor: 1,
    reason: "and keeps it longer where the JWKS cannot be fetched",
  },
  {
    name: "switchSeconds",
    symbol: "Ps",
    bound: "H",
    factor: 1,
    reason: "until the last signer has stopped to use the key",
  },
  {
    name: "tokenLifetimeSeconds",
    symbol: "T",
    bound: "H",
    factor: 1,
    reason: "the longest life of a token that it signed",
  },
  {
    name: "leewaySeconds",
    symbol: "L",
    bound: "H",
    factor: 1,
    reason: "verifiers accept a token for this long after its end",
  },
  {
    name: "clockErrorSeconds",
    symbol: "E",
    bound: "H",
    factor: 2,
    reason: "the signer's clock may be ahead and the verifier's behind",
  },
];

/**
 * For a JWKS with `max-age` 600 behind a CDN, and verifiers that live through a day without it, as ours do. G is then a
 * day and a quarter of an hour.
 */
export const DEFAULT_TIMING: RotationTiming = Object.freeze({
  publishSeconds: 30,
  sharedCacheSeconds: 300,
  clientCacheSeconds: 600,
  staleSeconds: 86_400,
  switchSeconds: 30,
  tokenLifetimeSeconds: 3600,
  leewaySeconds: 60,
  clockErrorSeconds: 5,
});

/** A year: what is longer was meant in another unit. */
const LONGEST_SECONDS = 31_622_400;

/** What is wrong with it, in words; undefined where nothing is. */
export function findTimingProblem(timing: RotationTiming): string | undefined {
  for (const { name, symbol } of TIMING_TERMS) {
    const seconds: unknown = timing[name];
    if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= LONGEST_SECONDS)) {
      return `${name} (${symbol}): expected a number of seconds from 0 to ${LONGEST_SECONDS}`;
    }
  }
  return timing.tokenLifetimeSeconds > 0 ? undefined : "tokenLifetimeSeconds (T): expected more than 0";
}

/** Of each the longer. */
export function takeLonger(timing: RotationTiming, other: Partial<RotationTiming>): RotationTiming {
  const longer: Record<TimingName, number> = { ...timing };
  for (const { name } of TIMING_TERMS) longer[name] = Math.max(timing[name], other[name] ?? 0);
  return longer;
}
