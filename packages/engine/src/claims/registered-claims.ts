/** Types and forms of registered claims (RFC 7519 section 4.1, RFC 7800, RFC 8693, RFC 9068), where they are present. */

import { Refusal } from "../refusal.ts";
import type { JsonObject, JsonValue } from "../token/json-value.ts";
import { hasControlCharacter } from "../token/key-id.ts";
import { describeKind } from "../token/token-header.ts";
import { type ClaimCheck, showClaim } from "./claim-check.ts";

interface ClaimForm {
  readonly expected: string;
  readonly test: (value: JsonValue) => boolean;
}

const MAX_TOKEN_ID_LENGTH = 256;
/** Names that are keys of caches, deny lists and logs. */
const MAX_IDENTIFIER_LENGTH = 1024;

function identifier(maxLength: number): ClaimForm {
  return {
    expected: `a string of 1 to ${maxLength} characters without control characters`,
    test: (value) =>
      typeof value === "string" && value !== "" && value.length <= maxLength && !hasControlCharacter(value),
  };
}

const NUMERIC_DATE: ClaimForm = {
  expected: "a number of seconds from 0 to 2^53 - 1",
  // The reader has refused what is not finite; negative times and milliseconds beyond 2^53 are no dates either.
  test: (value) => typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER,
};

const TEXT: ClaimForm = { expected: "a string", test: (value) => typeof value === "string" };

const OBJECT: ClaimForm = {
  expected: "an object",
  test: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

const AUDIENCE: ClaimForm = {
  expected: "a string or an array of strings",
  test: (value) =>
    typeof value === "string" ||
    (Array.isArray(value) && value.every((member) => typeof member === "string")),
};

/** `iss` is absent from this table: it is checked before the issuer, and with it this table's owner, is known. */
const FORMS: readonly (readonly [name: string, form: ClaimForm])[] = [
  ["exp", NUMERIC_DATE],
  ["nbf", NUMERIC_DATE],
  ["iat", NUMERIC_DATE],
  ["auth_time", NUMERIC_DATE],
  ["aud", AUDIENCE],
  ["sub", identifier(MAX_IDENTIFIER_LENGTH)],
  ["jti", identifier(MAX_TOKEN_ID_LENGTH)],
  ["client_id", identifier(MAX_IDENTIFIER_LENGTH)],
  ["azp", identifier(MAX_IDENTIFIER_LENGTH)],
  ["sid", identifier(MAX_IDENTIFIER_LENGTH)],
  ["scope", TEXT],
  ["cnf", OBJECT],
  ["act", OBJECT],
];

/** Refuses tokens that have a registered claim of another type or form than its definition allows. */
export function createFormCheck(): ClaimCheck {
  return {
    name: "claim forms",
    expected: "registered claims of the right type, where present",
    standsAlone: true,
    run({ claims }) {
      for (const [name, form] of FORMS) {
        const value = claims[name];
        if (value === undefined || form.test(value)) continue;
        return new Refusal("claim_invalid", {
          expected: `${name} to be ${form.expected}`,
          found: describeKind(value),
        });
      }
      return undefined;
    },
    show: () => undefined,
  };
}

const MAX_ACTOR_DEPTH = 5;

/** The chain of actors is bounded (RFC 8693 section 4.1); only its top is ever the current actor. */
export function createActorCheck(): ClaimCheck {
  const expected = `act nested at most ${MAX_ACTOR_DEPTH} deep`;
  const tooDeep = new Refusal("claim_invalid", { expected, found: "more" });
  return {
    name: "act",
    expected,
    standsAlone: false,
    run({ claims }) {
      let actor = claims["act"] as JsonObject | undefined;
      for (let depth = 0; actor !== undefined; depth++) {
        if (depth === MAX_ACTOR_DEPTH) return tooDeep;
        const next = actor["act"];
        if (next !== undefined && !OBJECT.test(next)) {
          return new Refusal("claim_invalid", {
            expected: "act.act to be an object",
            found: describeKind(next),
          });
        }
        actor = next as JsonObject | undefined;
      }
      return undefined;
    },
    show: ({ claims }) => showClaim(claims, "act"),
  };
}

/** Refuses tokens without one of the named claims. */
export function createRequiredCheck(names: readonly string[]): ClaimCheck {
  const rules = names.map((name) => {
    const missing = new Refusal("claim_missing", { expected: `${name} to be present`, found: `no ${name}` });
    return { name, missing };
  });
  return {
    name: "required claims",
    expected: names.join(", "),
    standsAlone: true,
    run({ claims }) {
      for (const { name, missing } of rules) if (claims[name] === undefined) return missing;
      return undefined;
    },
    show: ({ claims }) => names.filter((name) => claims[name] !== undefined).join(", "),
  };
}
