import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClaimCheck } from "../../src/claims/claim-check.ts";
import { createTimeChecks, type TimeRules } from "../../src/claims/time-checks.ts";
import type { JsonObject } from "../../src/token/json-value.ts";

const header = { alg: "ES256" };
const NOW = 1000.5;
const RULES: TimeRules = { clockToleranceSeconds: 30, maxLifetimeSeconds: 600, maxAgeSeconds: 60 };

function find(name: string): ClaimCheck {
  const check = createTimeChecks(RULES).find((candidate) => candidate.name === name);
  if (check === undefined) assert.fail(`no check is named ${name}`);
  return check;
}

describe("the checks of times", () => {
  it("come in the order in which a storm of tokens fails, all after the forms", () => {
    const checks = createTimeChecks(RULES);
    assert.deepEqual(
      checks.map(({ name }) => name),
      ["exp", "nbf", "iat", "lifetime", "age", "order of times"],
    );
    assert.ok(checks.every(({ standsAlone }) => standsAlone === false));
  });

  it("are fewer where a bound is not configured, and a bound of 0 is one", () => {
    const names = (rules: Partial<TimeRules>): readonly string[] =>
      createTimeChecks({ ...RULES, ...rules }).map(({ name }) => name);
    const rest = ["exp", "nbf", "iat"];
    assert.deepEqual(names({ maxLifetimeSeconds: undefined }), [...rest, "age", "order of times"]);
    assert.deepEqual(names({ maxAgeSeconds: undefined }), [...rest, "lifetime", "order of times"]);
    assert.equal(names({ maxLifetimeSeconds: 0, maxAgeSeconds: 0 }).length, 6);
  });
});

/** Per check: what it says, the reason, what passes, what does not. */
const CHECKS: readonly {
  readonly name: string;
  readonly expected: string;
  readonly reason: string;
  readonly found?: string;
  readonly passes: readonly JsonObject[];
  readonly refused: readonly JsonObject[];
}[] = [
  {
    name: "exp",
    expected: "exp later than now minus 30 s",
    reason: "token_expired",
    passes: [{}, { exp: 970.6 }, { exp: 1001 }],
    refused: [{ exp: 970.5 }, { exp: 970.4 }, { exp: 0 }],
  },
  {
    name: "nbf",
    expected: "nbf no later than now plus 30 s",
    reason: "token_not_yet_valid",
    passes: [{}, { nbf: 0 }, { nbf: 1030.5 }],
    refused: [{ nbf: 1030.6 }],
  },
  {
    name: "iat",
    expected: "iat no later than now plus 30 s",
    reason: "issued_in_future",
    passes: [{}, { iat: 0 }, { iat: 1030.5 }],
    refused: [{ iat: 1030.6 }],
  },
  {
    name: "lifetime",
    expected: "exp at most 600 s after iat, or after now where iat is absent",
    reason: "lifetime_exceeded",
    passes: [{}, { iat: 1 }, { iat: 0, exp: 600 }, { iat: 1000, exp: 1600 }, { exp: 1630.5 }],
    refused: [{ iat: 0, exp: 601 }, { iat: 1000, exp: 1600.1 }, { exp: 1630.6 }],
  },
  {
    name: "age",
    expected: "iat at most 60 s ago",
    reason: "token_too_old",
    passes: [{}, { iat: 910.5 }, { iat: 2000 }],
    refused: [{ iat: 910.4 }, { iat: 0 }],
  },
  {
    name: "order of times",
    expected: "exp no earlier than iat and nbf",
    reason: "claim_invalid",
    found: "exp earlier than iat or nbf",
    passes: [
      {},
      { iat: 5, nbf: 6 },
      { exp: 5 },
      { exp: 5, iat: 5, nbf: 5 },
      { exp: 5, iat: 4 },
      { exp: 5, nbf: 4 },
    ],
    refused: [
      { exp: 5, iat: 6 },
      { exp: 5, nbf: 6 },
      { exp: 5, iat: 4, nbf: 6 },
      { exp: 5, iat: 6, nbf: 4 },
    ],
  },
];

for (const { name, expected, reason, found, passes, refused } of CHECKS) {
  describe(`the check of ${name}`, () => {
    const check = find(name);

    it("says what passes", () => assert.equal(check.expected, expected));

    it("lets pass what is within its bound", () => {
      for (const claims of passes)
        assert.equal(check.run({ header, claims }, NOW), undefined, JSON.stringify(claims));
    });

    it(`refuses what is beyond with ${reason}`, () => {
      for (const claims of refused) {
        const refusal = check.run({ header, claims }, NOW);
        assert.deepEqual([refusal?.reason, refusal?.expected, refusal?.found], [reason, expected, found]);
      }
    });
  });
}

describe("a shown time", () => {
  const show = (name: string, claims: JsonObject): string | undefined =>
    find(name).show({ header, claims }, NOW);

  it("stands beside its distance from now, in whole seconds", () => {
    for (const [check, claim] of [
      ["exp", "exp"],
      ["nbf", "nbf"],
      ["iat", "iat"],
      ["age", "iat"],
    ] as const) {
      assert.equal(show(check, { [claim]: 990.5 }), "990.5 (10 s ago)");
      assert.equal(show(check, { [claim]: 1000.5 }), "1000.5 (in 0 s)");
      assert.equal(show(check, { [claim]: 1010 }), "1010 (in 10 s)");
      for (const value of [undefined, "990", null]) assert.equal(show(check, { [claim]: value }), undefined);
    }
  });

  it("is for the lifetime the span from iat, or from now, in whole seconds", () => {
    assert.equal(show("lifetime", { iat: 100, exp: 700.4 }), "600 s");
    assert.equal(show("lifetime", { iat: 0, exp: 700 }), "700 s");
    assert.equal(show("lifetime", { exp: 1100 }), "100 s");
    assert.equal(show("lifetime", { iat: 5 }), undefined);
  });

  it("is nothing for the order of times", () => {
    assert.equal(show("order of times", { exp: 1, iat: 2 }), undefined);
  });
});
