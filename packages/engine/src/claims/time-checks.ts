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

interface TimeRule {
  readonly name: string;
  readonly reason: JudgedReason;
  readonly expected: string;
  /** For what is no single value. */
  readonly found?: string;
  readonly isBroken: (times: Times, now: number) => boolean;
  readonly show?: (times: Times, now: number) => string | undefined;
}

/** The checks in their order: what most tokens of a storm fail on first. */
export function createTimeChecks(rules: TimeRules): readonly ClaimCheck[] {
  const { clockToleranceSeconds: tolerance, maxLifetimeSeconds, maxAgeSeconds } = rules;
  const checks: TimeRule[] = [
    {
      name: "exp",
      reason: "token_expired",
      expected: `exp later than now minus ${tolerance} s`,
      // "on or after" exp is expired: a token that expires now has expired (RFC 7519 section 4.1.4).
      isBroken: ({ exp }, now) => now >= exp + tolerance,
      show: ({ exp }, now) => showTime(exp, now),
    },
    {
      name: "nbf",
      reason: "token_not_yet_valid",
      expected: `nbf no later than now plus ${tolerance} s`,
      isBroken: ({ nbf }, now) => nbf > now + tolerance,
      show: ({ nbf }, now) => showTime(nbf, now),
    },
    {
      name: "iat",
      reason: "issued_in_future",
      expected: `iat no later than now plus ${tolerance} s`,
      isBroken: ({ iat }, now) => iat > now + tolerance,
      show: showIssued,
    },
  ];
  if (maxLifetimeSeconds !== undefined) {
    checks.push({
      name: "lifetime",
      reason: "lifetime_exceeded",
      expected: `exp at most ${maxLifetimeSeconds} s after iat, or after now where iat is absent`,
      // The tolerance is for a clock behind the issuer's; between two times of the issuer it has no place.
      isBroken: ({ exp, iat }, now) => exp - (Number.isNaN(iat) ? now + tolerance : iat) > maxLifetimeSeconds,
      show: ({ exp, iat }, now) =>
        Number.isNaN(exp) ? undefined : `${Math.round(exp - (Number.isNaN(iat) ? now : iat))} s`,
    });
  }
  if (maxAgeSeconds !== undefined) {
    checks.push({
      name: "age",
      reason: "token_too_old",
      expected: `iat at most ${maxAgeSeconds} s ago`,
      isBroken: ({ iat }, now) => now - iat > maxAgeSeconds + tolerance,
      show: showIssued,
    });
  }
  checks.push({
    name: "order of times",
    reason: "claim_invalid",
    expected: "exp no earlier than iat and nbf",
    found: "exp earlier than iat or nbf",
    isBroken: ({ exp, iat, nbf }) => exp < iat || exp < nbf,
  });
  return checks.map(createCheck);
}

function createCheck({ name, reason, expected, found, isBroken, show }: TimeRule): ClaimCheck {
  const refusal = new Refusal(reason, { expected, found });
  return {
    name,
    expected,
    standsAlone: false,
    run: (subject, now) => (isBroken(readTimes(subject), now) ? refusal : undefined),
    show: (subject, now) => show?.(readTimes(subject), now),
  };
}

function readTimes({ claims }: ClaimSubject): Times {
  const { exp = Number.NaN, nbf = Number.NaN, iat = Number.NaN } = claims as Partial<Times>;
  return { exp, nbf, iat };
}

function showIssued({ iat }: Times, now: number): string | undefined {
  return showTime(iat, now);
}

function showTime(seconds: number, now: number): string | undefined {
  // `explain` also shows what is no number.
  if (!Number.isFinite(seconds)) return undefined;
  const difference = Math.round(seconds - now);
  return `${seconds} (${difference < 0 ? `${-difference} s ago` : `in ${difference} s`})`;
}
