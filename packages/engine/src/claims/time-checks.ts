/** `exp`, `nbf`, `iat` and the lifetime they span (RFC 7519 sections 4.1.4 to 4.1.6). Forms are checked before. */

import type { JudgedReason } from "../judged-reasons.ts";
import { Refusal } from "../refusal.ts";
import type { ClaimCheck, ClaimSubject } from "./claim-check.ts";

export interface TimeRules {
  /** Accepted difference of clocks in seconds. */
  readonly clockToleranceSeconds: number;
  /** Most seconds between `iat` (or now) and `exp`; undefined for no bound. */
  readonly maxLifetimeSeconds: number | undefined;
  /** Most seconds between `iat` and now; undefined for no bound. */
  readonly maxAgeSeconds: number | undefined;
}

/** A time that is absent is NaN, with which every comparison is false: what is not there breaks no rule. */
interface Times {
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
}

type TimeRule = readonly [
  name: string,
  reason: JudgedReason,
  expected: string,
  isBroken: (times: Times, now: number) => boolean,
  show: (times: Times, now: number) => string | undefined,
];

/** The checks in their order: what most tokens of a storm fail on first. */
export function createTimeChecks(rules: TimeRules): readonly ClaimCheck[] {
  const { clockToleranceSeconds: tolerance, maxLifetimeSeconds, maxAgeSeconds } = rules;
  const showIssued = ({ iat }: Times, now: number): string | undefined => showTime(iat, now);
  const checks: TimeRule[] = [
    [
      "exp",
      "token_expired",
      `exp later than now minus ${tolerance} s`,
      // "on or after" exp is expired: a token that expires now has expired (RFC 7519 section 4.1.4).
      ({ exp }, now) => now >= exp + tolerance,
      ({ exp }, now) => showTime(exp, now),
    ],
    [
      "nbf",
      "token_not_yet_valid",
      `nbf no later than now plus ${tolerance} s`,
      ({ nbf }, now) => nbf > now + tolerance,
      ({ nbf }, now) => showTime(nbf, now),
    ],
    [
      "iat",
      "issued_in_future",
      `iat no later than now plus ${tolerance} s`,
      ({ iat }, now) => iat > now + tolerance,
      showIssued,
    ],
  ];
  if (maxLifetimeSeconds !== undefined) {
    checks.push([
      "lifetime",
      "lifetime_exceeded",
      `exp at most ${maxLifetimeSeconds} s after iat, or after now where iat is absent`,
      // The tolerance is for a clock behind the issuer's; between two times of the issuer it has no place.
      ({ exp, iat }, now) => exp - (Number.isNaN(iat) ? now + tolerance : iat) > maxLifetimeSeconds,
      ({ exp, iat }, now) =>
        Number.isNaN(exp) ? undefined : `${Math.round(exp - (Number.isNaN(iat) ? now : iat))} s`,
    ]);
  }
  if (maxAgeSeconds !== undefined) {
    const expected = `iat at most ${maxAgeSeconds} s ago`;
    const isTooOld = ({ iat }: Times, now: number): boolean => now - iat > maxAgeSeconds + tolerance;
    checks.push(["age", "token_too_old", expected, isTooOld, showIssued]);
  }
  checks.push([
    "order of times",
    "claim_invalid",
    "exp no earlier than iat and nbf",
    ({ exp, iat, nbf }) => exp < iat || exp < nbf,
    () => undefined,
  ]);
  return checks.map(createCheck);
}

function createCheck([name, reason, expected, isBroken, show]: TimeRule): ClaimCheck {
  const found = reason === "claim_invalid" ? "exp earlier than iat or nbf" : undefined;
  const refusal = new Refusal(reason, { expected, found });
  return {
    name,
    expected,
    standsAlone: false,
    dependsOnTime: true,
    run: (subject, now) => (isBroken(readTimes(subject), now) ? refusal : undefined),
    show: (subject, now) => show(readTimes(subject), now),
  };
}

function readTimes({ claims }: ClaimSubject): Times {
  const { exp = Number.NaN, nbf = Number.NaN, iat = Number.NaN } = claims as Partial<Times>;
  return { exp, nbf, iat };
}

function showTime(seconds: number, now: number): string | undefined {
  // `explain` also shows what is no number.
  if (!Number.isFinite(seconds)) return undefined;
  const difference = Math.round(seconds - now);
  return `${seconds} (${difference < 0 ? `${-difference} s ago` : `in ${difference} s`})`;
}
