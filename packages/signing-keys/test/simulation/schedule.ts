/** One random course of things around a rotation: who is how late, whose clock is how wrong, who asks when. */

import type { RotationTiming } from "@countersign/signing-keys";
import fc from "fast-check";

/** Each fraction is of what the timing allows at most. */
export interface Schedule {
  readonly timing: RotationTiming;
  /** Replicas of the JWKS, and how late each serves a change. */
  readonly replicaLags: readonly number[];
  readonly edges: readonly EdgeSchedule[];
  readonly verifiers: readonly VerifierSchedule[];
  readonly tokens: readonly TokenSchedule[];
}

interface EdgeSchedule {
  readonly replica: number;
  /** Of A. */
  readonly lifetime: number;
  /** Where in its period it fetches. */
  readonly phase: number;
}

interface VerifierSchedule {
  readonly edge: number;
  /** Of C. */
  readonly lifetime: number;
  readonly phase: number;
  /** Of S: how long it keeps a copy that it cannot replace. */
  readonly stale: number;
  /** When the JWKS cannot be reached, as a fraction of the whole time, and for how long, of C + S. */
  readonly outage: { readonly start: number; readonly length: number };
  /** Of E, from -1 to 1. */
  readonly clockError: number;
}

interface TokenSchedule {
  readonly verifier: number;
  /** Of Ps: how late this signer switches. */
  readonly switchLag: number;
  /** Of E, from -1 to 1. */
  readonly clockError: number;
  /** Of T. */
  readonly lifetime: number;
  /** When it is shown first after the switch, of G + H; and how often in the rest of its life. */
  readonly signedAfter: number;
  /** When in its life it is shown. */
  readonly shownAt: number;
}

/** The ends are where bounds break. */
const fraction: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
);
const most: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.double({ min: 0.25, max: 1, noNaN: true }) },
);
const error: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(-1, 1),
  fc.double({ min: -1, max: 1, noNaN: true }),
);
const index: fc.Arbitrary<number> = fc.nat({ max: 3 });

const seconds = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  timing: fc.record({
    publishSeconds: seconds(30),
    sharedCacheSeconds: seconds(300),
    clientCacheSeconds: fc.integer({ min: 1, max: 900 }),
    staleSeconds: seconds(600),
    switchSeconds: seconds(30),
    tokenLifetimeSeconds: fc.integer({ min: 1, max: 1200 }),
    leewaySeconds: seconds(60),
    clockErrorSeconds: seconds(20),
  }),
  replicaLags: fc.array(most, { minLength: 1, maxLength: 3 }),
  edges: fc.array(fc.record({ replica: index, lifetime: most, phase: fraction }), {
    minLength: 1,
    maxLength: 3,
  }),
  verifiers: fc.array(
    fc.record({
      edge: index,
      lifetime: most,
      phase: fraction,
      stale: most,
      outage: fc.record({ start: fraction, length: fraction }),
      clockError: error,
    }),
    { minLength: 1, maxLength: 4 },
  ),
  tokens: fc.array(
    fc.record({
      verifier: index,
      switchLag: most,
      clockError: error,
      lifetime: most,
      signedAfter: fraction,
      shownAt: fraction,
    }),
    { minLength: 1, maxLength: 8 },
  ),
});
