/** `exp`, `nbf`, `iat` and the lifetime they span (RFC 7519 sections 4.1.4 to 4.1.6). Forms are checked before. */

import { Refusal } from "../refusal.ts";
import type { JsonObject } from "../token/json-value.ts";
import type { ClaimCheck } from "./claim-check.ts";

export interface TimeRules {
  /** Accepted difference of clocks in seconds. */
  readonly clockToleranceSeconds: number;
  /** Most seconds between `iat` (or now) and `exp`; undefined for no bound. */
  readonly maxLifetimeSeconds: number | undefined;
  /** Most seconds between `iat` and now; undefined for no bound. */
  readonly maxAgeSeconds: number | undefined;
}

/** The checks in their order: what most tokens of a storm fail on first. */
export function createTimeChecks(rules: TimeRules): readonly ClaimCheck[] {
  const checks = [checkExpiry(rules), checkNotBefore(rules), checkIssuedAt(rules)];
  if (rules.maxLifetimeSeconds !== undefined) checks.push(checkLifetime(rules.maxLifetimeSeconds, rules));
  if (rules.maxAgeSeconds !== undefined) checks.push(checkAge(rules.maxAgeSeconds, rules));
  checks.push(checkOrder());
  return checks;
}

function checkExpiry({ clockToleranceSeconds }: TimeRules): ClaimCheck {
  const expected = `exp later than now minus ${clockToleranceSeconds} s`;
  const refusal = new Refusal("token_expired", { expected });
  return {
    name: "exp",
    expected,
    standsAlone: false,
    run({ claims }, now) {
      const exp = claims["exp"] as number | undefined;
      // "on or after" exp is expired: a token that expires now has expired (RFC 7519 section 4.1.4).
      return exp !== undefined && now >= exp + clockToleranceSeconds ? refusal : undefined;
    },
    show: ({ claims }, now) => showTime(claims, "exp", now),
  };
}

function checkNotBefore({ clockToleranceSeconds }: TimeRules): ClaimCheck {
  const expected = `nbf no later than now plus ${clockToleranceSeconds} s`;
  const refusal = new Refusal("token_not_yet_valid", { expected });
  return {
    name: "nbf",
    expected,
    standsAlone: false,
    run({ claims }, now) {
      const nbf = claims["nbf"] as number | undefined;
      return nbf !== undefined && nbf > now + clockToleranceSeconds ? refusal : undefined;
    },
    show: ({ claims }, now) => showTime(claims, "nbf", now),
  };
}

function checkIssuedAt({ clockToleranceSeconds }: TimeRules): ClaimCheck {
  const expected = `iat no later than now plus ${clockToleranceSeconds} s`;
  const refusal = new Refusal("issued_in_future", { expected });
  return {
    name: "iat",
    expected,
    standsAlone: false,
    run({ claims }, now) {
      const iat = claims["iat"] as number | undefined;
      return iat !== undefined && iat > now + clockToleranceSeconds ? refusal : undefined;
    },
    show: ({ claims }, now) => showTime(claims, "iat", now),
  };
}

function checkLifetime(maxLifetimeSeconds: number, { clockToleranceSeconds }: TimeRules): ClaimCheck {
  const expected = `exp at most ${maxLifetimeSeconds} s after iat, or after now where iat is absent`;
  const refusal = new Refusal("lifetime_exceeded", { expected });
  return {
    name: "lifetime",
    expected,
    standsAlone: false,
    run({ claims }, now) {
      const { exp, iat } = claims as { exp?: number; iat?: number };
      if (exp === undefined) return undefined;
      // The tolerance is for a clock behind the issuer's; between two times of the issuer it has no place.
      const lifetime = iat === undefined ? exp - now - clockToleranceSeconds : exp - iat;
      return lifetime > maxLifetimeSeconds ? refusal : undefined;
    },
    show({ claims }, now) {
      const { exp, iat } = claims as { exp?: number; iat?: number };
      return exp === undefined ? undefined : `${Math.round(exp - (iat ?? now))} s`;
    },
  };
}

function checkAge(maxAgeSeconds: number, { clockToleranceSeconds }: TimeRules): ClaimCheck {
  const expected = `iat at most ${maxAgeSeconds} s ago`;
  const refusal = new Refusal("token_too_old", { expected });
  return {
    name: "age",
    expected,
    standsAlone: false,
    run({ claims }, now) {
      const iat = claims["iat"] as number | undefined;
      return iat !== undefined && now - iat > maxAgeSeconds + clockToleranceSeconds ? refusal : undefined;
    },
    show: ({ claims }, now) => showTime(claims, "iat", now),
  };
}

function checkOrder(): ClaimCheck {
  const expected = "exp no earlier than iat and nbf";
  const refusal = new Refusal("claim_invalid", { expected, found: "exp earlier than iat or nbf" });
  return {
    name: "order of times",
    expected,
    standsAlone: false,
    run({ claims }) {
      const { exp, iat, nbf } = claims as { exp?: number; iat?: number; nbf?: number };
      if (exp === undefined) return undefined;
      return (iat !== undefined && exp < iat) || (nbf !== undefined && exp < nbf) ? refusal : undefined;
    },
    show: () => undefined,
  };
}

function showTime(claims: JsonObject, name: string, now: number): string | undefined {
  const seconds = claims[name];
  if (typeof seconds !== "number") return undefined;
  const difference = Math.round(seconds - now);
  return `${seconds} (${difference < 0 ? `${-difference} s ago` : `in ${difference} s`})`;
}
