import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClaimCheck } from "../../src/claims/claim-check.ts";
import {
  createActorCheck,
  createFormCheck,
  createRequiredCheck,
} from "../../src/claims/registered-claims.ts";
import type { JsonObject, JsonValue } from "../../src/token/json-value.ts";

const header = { alg: "ES256" };

function judge(check: ClaimCheck, claims: JsonObject): readonly unknown[] | undefined {
  const refusal = check.run({ header, claims }, 0);
  return refusal && [refusal.reason, refusal.expected, refusal.found];
}

const DATE = "a number of seconds from 0 to 2^53 - 1";
const LONG_IDENTIFIER = "a string of 1 to 1024 characters without control characters";
const SHORT_IDENTIFIER = "a string of 1 to 256 characters without control characters";

const TEXT = "a string";

/** Per form: the claims that have it, what passes, and what does not with what is said of it. */
const FORMS: readonly {
  readonly names: readonly string[];
  readonly expected: string;
  readonly passes: readonly JsonValue[];
  readonly refused: readonly (readonly [value: JsonValue, found: string])[];
}[] = [
  {
    names: ["exp", "nbf", "iat", "auth_time"],
    expected: DATE,
    passes: [0, 1, 1.5, 1_800_000_000, Number.MAX_SAFE_INTEGER],
    refused: [
      [-1, "a number"],
      [-0.001, "a number"],
      [2 ** 53, "a number"],
      ["1", TEXT],
      ["", "an empty string"],
      [null, "null"],
      [true, "a boolean"],
      [[1], "an array"],
      [{}, "an object"],
    ],
  },
  {
    names: ["aud"],
    expected: "a string or an array of strings",
    passes: ["", "a", [], ["a"], ["a", "b"]],
    refused: [
      [1, "a number"],
      [null, "null"],
      [{}, "an object"],
      [[1], "an array"],
      [["a", null], "an array"],
      [[null, "a"], "an array"],
    ],
  },
  {
    names: ["sub", "client_id", "azp", "sid"],
    expected: LONG_IDENTIFIER,
    passes: ["a", "ä b", "x".repeat(1024)],
    refused: [
      ["", "an empty string"],
      ["x".repeat(1025), TEXT],
      ["a\n", TEXT],
      ["\u009f", TEXT],
      [1, "a number"],
      [["a"], "an array"],
      [null, "null"],
    ],
  },
  {
    names: ["jti"],
    expected: SHORT_IDENTIFIER,
    passes: ["a", "x".repeat(256)],
    refused: [
      ["", "an empty string"],
      ["x".repeat(257), TEXT],
      ["\u0000", TEXT],
      [1, "a number"],
    ],
  },
  {
    names: ["scope"],
    expected: "a string",
    passes: ["", "a b"],
    refused: [
      [["a"], "an array"],
      [1, "a number"],
      [null, "null"],
    ],
  },
  {
    names: ["cnf", "act"],
    expected: "an object",
    passes: [{}, { a: 1 }],
    refused: [
      [null, "null"],
      [[], "an empty array"],
      ["k", TEXT],
      [1, "a number"],
    ],
  },
];

describe("the check of claims' forms", () => {
  const check = createFormCheck();

  it("relies on no other check, and shows nothing", () => {
    assert.equal(check.name, "claim forms");
    assert.equal(check.expected, "registered claims of the right type, where present");
    assert.equal(check.standsAlone, true);
    assert.equal(check.show({ header, claims: { exp: 1 } }, 0), undefined);
  });

  for (const { names, expected, passes, refused } of FORMS) {
    for (const name of names) {
      it(`wants ${name} to be ${expected}`, () => {
        for (const value of passes) assert.equal(judge(check, { [name]: value }), undefined);
        for (const [value, found] of refused)
          assert.deepEqual(judge(check, { [name]: value }), [
            "claim_invalid",
            `${name} to be ${expected}`,
            found,
          ]);
      });
    }
  }

  it("judges each claim that is there, and no other", () => {
    assert.equal(judge(check, {}), undefined);
    assert.equal(judge(check, { iss: 1, tenant: null, EXP: "x" }), undefined);
    assert.equal(judge(check, { exp: 1, sub: "s", act: [] })?.[1], "act to be an object");
  });
});

describe("the check of actors", () => {
  const check = createActorCheck();
  const nest = (depth: number): JsonObject => (depth === 0 ? {} : { act: nest(depth - 1) });

  it("says what passes and shows what it found, and relies on the form of act", () => {
    assert.equal(check.name, "act");
    assert.equal(check.expected, "act nested at most 5 deep");
    assert.equal(check.standsAlone, false);
    assert.equal(check.show({ header, claims: { act: { sub: "s" } } }, 0), '{"sub":"s"}');
    assert.equal(check.show({ header, claims: {} }, 0), undefined);
  });

  it("lets five actors pass and no sixth", () => {
    for (const depth of [0, 1, 5]) assert.equal(judge(check, nest(depth)), undefined);
    for (const depth of [6, 7])
      assert.deepEqual(judge(check, nest(depth)), ["claim_invalid", check.expected, "more"]);
  });

  it("wants each inner actor to be an object", () => {
    for (const [value, found] of [
      ["s", TEXT],
      [null, "null"],
      [[], "an empty array"],
      [1, "a number"],
    ] as const) {
      const said = ["claim_invalid", "act.act to be an object", found];
      assert.deepEqual(judge(check, { act: { act: value } }), said);
      assert.deepEqual(judge(check, { act: { act: { act: value } } }), said);
    }
  });
});

describe("the check of required claims", () => {
  const check = createRequiredCheck(["exp", "tenant"]);

  it("names what it wants and what it found, and relies on no other check", () => {
    assert.equal(check.name, "required claims");
    assert.equal(check.expected, "exp, tenant");
    assert.equal(check.standsAlone, true);
    assert.equal(check.show({ header, claims: { exp: 1, tenant: 2, other: 3 } }, 0), "exp, tenant");
    assert.equal(check.show({ header, claims: { tenant: 2 } }, 0), "tenant");
  });

  it("refuses with the first that is absent", () => {
    assert.equal(judge(check, { exp: 1, tenant: null }), undefined);
    assert.deepEqual(judge(check, { exp: 1 }), ["claim_missing", "tenant to be present", "no tenant"]);
    assert.deepEqual(judge(check, {}), ["claim_missing", "exp to be present", "no exp"]);
  });
});
