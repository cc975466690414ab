/** Types and forms of registered claims (RFC 7519 section 4.1, RFC 7800, RFC 8693, RFC 9068), where they are present. */

import { Refusal } from "../refusal.ts";
import { describeKind, isObject } from "../token/describe-kind.ts";
import type { JsonValue } from "../token/json-value.ts";
import { describeIdentifier, isIdentifier } from "../token/key-id.ts";
import { type ClaimCheck, showClaim } from "./claim-check.ts";

interface ClaimForm {
  readonly names: readonly string[];
  readonly expected: string;
  readonly test: (value: JsonValue | undefined) => boolean;
}

const MAX_TOKEN_ID_LENGTH = 256;
/** Names that are keys of caches, deny lists and logs. */
const MAX_IDENTIFIER_LENGTH = 1024;

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function identifier(maxLength: number, names: readonly string[]): ClaimForm {
  const test = (value: unknown): boolean => isIdentifier(value, maxLength);
  return { names, expected: describeIdentifier(maxLength), test };
}

const MOST_SECONDS = Number.MAX_SAFE_INTEGER;

/** `iss` is absent from this table: it is checked before the issuer, and with it this table's owner, is known. */
const FORMS: readonly ClaimForm[] = [
  {
    names: ["exp", "nbf", "iat", "auth_time"],
    expected: "a number of seconds from 0 to 2^53 - 1",
    // The reader has refused what is not finite; negative times and milliseconds beyond 2^53 are no dates either.
    test: (value) => typeof value === "number" && value >= 0 && value <= MOST_SECONDS,
  },
  {
    names: ["aud"],
    expected: "a string or an array of strings",
    test: (value) => isText(value) || (Array.isArray(value) && value.every(isText)),
  },
  identifier(MAX_IDENTIFIER_LENGTH, ["sub", "client_id", "azp", "sid"]),
  identifier(MAX_TOKEN_ID_LENGTH, ["jti"]),
  { names: ["scope"], expected: "a string", test: isText },
  { names: ["cnf", "act"], expected: "an object", test: isObject },
];

const FORM_OF_CLAIM: readonly (readonly [name: string, form: ClaimForm])[] = FORMS.flatMap((form) =>
  form.names.map((name) => [name, form] as const),
);

/** Refuses tokens that have a registered claim of another type or form than its definition allows. */
export function createFormCheck(): ClaimCheck {
  return {
    name: "claim forms",
    expected: "registered claims of the right type, where present",
    standsAlone: true,
    dependsOnTime: false,
    run({ claims }) {
      for (const [name, { test, expected }] of FORM_OF_CLAIM) {
        const value = claims[name];
        if (value !== undefined && !test(value)) return misshapen(`${name} to be ${expected}`, value);
      }
      return undefined;
    },
    show: () => undefined,
  };
}

function misshapen(expected: string, value: unknown): Refusal {
  return new Refusal("claim_invalid", { expected, found: describeKind(value) });
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
    dependsOnTime: false,
    run({ claims }) {
      let actor = claims["act"];
      for (let depth = 0; actor !== undefined; depth++) {
        if (!isObject(actor)) return misshapen("act.act to be an object", actor);
        if (depth === MAX_ACTOR_DEPTH) return tooDeep;
        actor = actor["act"];
      }
      return undefined;
    },
    show: ({ claims }) => showClaim(claims, "act"),
  };
}

/** Refuses tokens without one of the named claims. */
export function createRequiredCheck(names: readonly string[]): ClaimCheck {
  const missing = names.map(
    (name) => new Refusal("claim_missing", { expected: `${name} to be present`, found: `no ${name}` }),
  );
  return {
    name: "required claims",
    expected: names.join(", "),
    standsAlone: true,
    dependsOnTime: false,
    run({ claims }) {
      return missing[names.findIndex((name) => claims[name] === undefined)];
    },
    show: ({ claims }) => names.filter((name) => claims[name] !== undefined).join(", "),
  };
}
