/** What signed notices about subjects have to say, by kind. Pure: the signature is checked elsewhere, and first keys are chosen. */

import { createAudienceCheck } from "../claims/audience-check.ts";
import { type ClaimCheck, showClaim } from "../claims/claim-check.ts";
import { createFormCheck, createRequiredCheck } from "../claims/registered-claims.ts";
import { createTimeChecks, type TimeRules } from "../claims/time-checks.ts";
import { createTypeCheck } from "../claims/token-kinds.ts";
import { Refusal } from "../refusal.ts";
import { describeKind, isObject } from "../token/describe-kind.ts";

/** "logout": OpenID Connect Back-Channel Logout 1.0. "security_event": RFC 8417 as the Shared Signals Framework 1.0 has it. */
export type EventKind = "logout" | "security_event";

/** The member of `events` that makes a token a logout token (Back-Channel Logout 1.0 section 2.4). */
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

export interface EventRules extends TimeRules {
  readonly types: readonly string[];
  readonly audiences: readonly string[];
}

/** Accepted `typ` where the configuration names none. */
export const EVENT_TYPES: Readonly<Record<EventKind, readonly string[]>> = {
  logout: ["logout+jwt"],
  security_event: ["secevent+jwt"],
};

const REQUIRED: Readonly<Record<EventKind, readonly string[]>> = {
  logout: ["iss", "aud", "iat", "exp", "jti", "events"],
  security_event: ["iss", "aud", "iat", "jti", "events", "sub_id"],
};

/** Claims that would make it another kind of token, or one whose subject can be read in two ways. */
const FORBIDDEN: Readonly<Record<EventKind, readonly string[]>> = {
  // Back-Channel Logout 1.0 section 2.4: so that no logout token is an ID token.
  logout: ["nonce"],
  // Shared Signals Framework 1.0 section 4.1; `nonce` is no claim of it either.
  security_event: ["exp", "sub", "nonce"],
};

const MAX_EVENTS = 16;
const MAX_EVENT_NAME_LENGTH = 512;

/** The checks in their order: forms first, so that the others may rely on them. */
export function createEventChecks(kind: EventKind, rules: EventRules): readonly ClaimCheck[] {
  return [
    // Where issuers may say "JWT", they may say nothing too: it is the same.
    createTypeCheck({ types: rules.types, absent: rules.types.includes("JWT") }),
    createFormCheck(),
    createRequiredCheck(REQUIRED[kind]),
    createForbiddenCheck(FORBIDDEN[kind]),
    createEventsCheck(kind),
    ...(kind === "logout" ? [createLogoutSubjectCheck()] : []),
    ...createTimeChecks(rules),
    createAudienceCheck(rules.audiences),
  ];
}

function createForbiddenCheck(names: readonly string[]): ClaimCheck {
  const refusals = names.map((name) => {
    return new Refusal("claim_invalid", { expected: `no ${name}`, found: `a claim ${name}` });
  });
  return {
    name: "forbidden claims",
    expected: `none of ${names.join(", ")}`,
    standsAlone: true,
    dependsOnTime: false,
    run: ({ claims }) => refusals[names.findIndex((name) => claims[name] !== undefined)],
    show: ({ claims }) => names.filter((name) => claims[name] !== undefined).join(", "),
  };
}

function createEventsCheck(kind: EventKind): ClaimCheck {
  const expected =
    kind === "logout"
      ? `events to have the member ${LOGOUT_EVENT}, an object`
      : `events to have 1 to ${MAX_EVENTS} members, each a URI with an object`;
  return {
    name: "events",
    expected,
    standsAlone: true,
    dependsOnTime: false,
    run({ claims }) {
      const events: unknown = claims["events"];
      if (!isObject(events)) return new Refusal("claim_invalid", { expected, found: describeKind(events) });
      const isGood = kind === "logout" ? isObject(events[LOGOUT_EVENT]) : areEvents(events);
      return isGood ? undefined : new Refusal("claim_invalid", { expected, found: "other members" });
    },
    show: ({ claims }) => showClaim(claims, "events"),
  };
}

/** RFC 8417 section 2.2. */
function areEvents(events: Readonly<Record<string, unknown>>): boolean {
  const entries = Object.entries(events);
  return (
    entries.length > 0 &&
    entries.length <= MAX_EVENTS &&
    entries.every(([name, event]) => {
      return name.length <= MAX_EVENT_NAME_LENGTH && URL.canParse(name) && isObject(event);
    })
  );
}

function createLogoutSubjectCheck(): ClaimCheck {
  const expected = "sub or sid to be present";
  const missing = new Refusal("claim_missing", { expected, found: "neither" });
  return {
    name: "sub or sid",
    expected,
    standsAlone: true,
    dependsOnTime: false,
    run: ({ claims }) => (claims["sub"] === undefined && claims["sid"] === undefined ? missing : undefined),
    show: ({ claims }) => ["sub", "sid"].filter((name) => claims[name] !== undefined).join(", "),
  };
}
