/** When an issuer is asked, and what its answer is worth, with the engine's own rules behind it. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { createValidator, type JsonObject, type Verdict } from "countersign";
import { createTestClock, createTestIssuer } from "countersign/testing";

import type { IntrospectionConfiguration } from "../../src/config/introspection-configuration.ts";
import type { IntrospectToken } from "../../src/decision/introspect-token.ts";
import type { IntrospectionOutcome } from "../../src/introspection/create-introspector.ts";
import { createTokenIntrospection } from "../../src/introspection/introspect-token.ts";
import { isOpaque } from "../../src/introspection/is-opaque.ts";
import { describeIssuer } from "./describe-issuer.ts";

const NOW_SECONDS = 1_700_000_000;
const clock = createTestClock(NOW_SECONDS * 1000);
const main = await createTestIssuer({ clock, algorithms: ["ES256"] });
const other = await createTestIssuer({ clock, algorithms: ["ES256"], issuer: "https://other.test/" });
const validator = createValidator({
  clock,
  issuers: [
    { ...main.validatorOptions(), name: "main" },
    { ...other.validatorOptions(), name: "other" },
  ],
});
const GOOD: JsonObject = {
  sub: "ada",
  aud: main.audience,
  client_id: "app",
  scope: "read",
  iat: NOW_SECONDS - 10,
  exp: NOW_SECONDS + 300,
};

let outcome: IntrospectionOutcome;
let asked: string[] = [];
beforeEach(() => {
  asked = [];
  outcome = { kind: "active", claims: GOOD };
});

function connect(changes: Partial<IntrospectionConfiguration> = {}): IntrospectToken {
  const introspector = {
    asked: describeIssuer("http://127.0.0.1:9/introspect", {
      issuer: main.issuer,
      audiences: [main.audience],
      ...changes,
    }),
    introspect: (token: string): Promise<IntrospectionOutcome> => {
      asked.push(token);
      return Promise.resolve(outcome);
    },
    close: () => Promise.resolve(),
  };
  const connected = createTokenIntrospection({
    introspectors: [introspector],
    judgeStated: (stated, context) => validator.judgeStated(stated, context),
    clock,
  });
  assert.ok(connected !== undefined);
  return connected;
}

async function judge(
  token: string,
  { always = false, ...changes }: Partial<IntrospectionConfiguration> & { readonly always?: boolean } = {},
): Promise<Verdict> {
  const verdict = await validator.validate(token);
  return connect(changes)({ token, context: undefined, verdict, always });
}

function nameVerdict(verdict: Verdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

describe("an opaque token", () => {
  it("is whose its issuer says", async () => {
    const verdict = await judge("opaque-token");
    assert.ok(verdict.ok);
    assert.deepEqual([verdict.principal.issuer, verdict.principal.subject], [main.issuer, "ada"]);
    assert.deepEqual(verdict.principal.scopes, ["read"]);
    assert.equal(verdict.token.issuer, "main");
    assert.deepEqual(asked, ["opaque-token"]);
  });

  it("is refused as one where nobody is asked about opaque tokens", async () => {
    assert.equal(nameVerdict(await judge("opaque-token", { opaqueTokens: false })), "malformed_token");
    assert.deepEqual(asked, []);
  });

  it("is not what has the parts of a JWT, or characters that no token has", async () => {
    const good = await main.sign({ sub: "ada" });
    const tokens = [
      "a.b.c",
      "a.b.c.d.e",
      "..",
      `${good}x`,
      good.replace(".", ".."),
      "with space",
      "zoë",
      "",
      "a=b",
    ];
    for (const token of tokens) {
      if (token.split(".").length !== 4) assert.equal(isOpaque(token), false, token);
      assert.notEqual(nameVerdict(await judge(token.includes("..") ? "a.b.c" : token)), "ok", token);
    }
    assert.deepEqual(asked, []);
    for (const token of ["abc", "v4.local", "a.b.c.d", "gho_16C7e42F292c6912E7710c838347Ae178B4a", "YWJj=="])
      assert.equal(isOpaque(token), true, token);
  });

  const refused: Readonly<Record<string, readonly [JsonObject, string]>> = {
    "is over": [{ exp: NOW_SECONDS - 60 }, "token_expired"],
    "has no end": [{ exp: undefined }, "claim_missing"],
    "is for another audience": [{ aud: "https://other.test" }, "audience_mismatch"],
    "is for no audience": [{ aud: undefined }, "claim_missing"],
    "is not valid yet": [{ nbf: NOW_SECONDS + 100 }, "token_not_yet_valid"],
    "lives too long": [{ exp: NOW_SECONDS + 100_000_000 }, "lifetime_exceeded"],
    "has claims of wrong types": [{ sub: 7 }, "claim_invalid"],
    "is another issuer's": [{ iss: other.issuer }, "issuer_untrusted"],
    "is a refresh token": [{ token_type: "refresh_token" }, "type_mismatch"],
    "is a refresh token of Keycloak": [{ typ: "Refresh" }, "type_mismatch"],
    "has a type that is no text": [{ token_type: ["Bearer"] }, "type_mismatch"],
    "is bound, and the answer says bearer": [{ token_type: "Bearer", cnf: { jkt: "x" } }, "type_mismatch"],
    "is bound, and the answer forgets to what": [{ token_type: "DPoP" }, "type_mismatch"],
    "is bound, and no key is shown": [{ token_type: "DPoP", cnf: { jkt: "x" } }, "binding_missing"],
    "is bound to a certificate, and none is shown": [{ cnf: { "x5t#S256": "x" } }, "binding_missing"],
  };
  for (const [what, [change, reason]] of Object.entries(refused)) {
    it(`is refused where it ${what}`, async () => {
      const claims = Object.entries({ ...GOOD, ...change }).filter(([, value]) => value !== undefined);
      outcome = { kind: "active", claims: Object.fromEntries(claims) };
      assert.equal(nameVerdict(await judge("opaque-token")), reason);
    });
  }

  it("is refused as inactive, and as nothing else, where the issuer says so", async () => {
    outcome = { kind: "inactive" };
    const verdict = await judge("opaque-token");
    assert.deepEqual(verdict.ok || [verdict.reason, verdict.fault], ["token_inactive", "client"]);
  });
});

describe("no answer", () => {
  it("is never a yes, and never the client's fault", async () => {
    const jwt = await main.sign({ sub: "ada" });
    for (const fault of [
      "timeout",
      "network_error",
      "http_error",
      "auth_error",
      "bad_answer",
      "breaker_open",
      "overloaded",
    ] as const) {
      outcome = { kind: "unavailable", fault, detail: "for operators" };
      for (const token of ["opaque-token", jwt]) {
        const verdict = await judge(token, { always: true });
        assert.ok(!verdict.ok, fault);
        assert.equal(verdict.reason, fault === "overloaded" ? fault : "introspection_unavailable");
        assert.equal(verdict.fault, "system");
        assert.equal(verdict.retryAfterSeconds, fault === "breaker_open" ? 5 : 1);
      }
    }
  });
});

describe("a JWT", () => {
  it("is not asked about, unless that is wanted", async () => {
    assert.equal(nameVerdict(await judge(await main.sign({ sub: "ada" }))), "ok");
    assert.deepEqual(asked, []);
  });

  it("is asked about always, on a route, or from an age on", async () => {
    const young = await main.sign({ sub: "ada", iat: NOW_SECONDS - 100 });
    const ageless = await main.sign({ sub: "ada" }, { omit: ["iat"] });
    outcome = { kind: "active", claims: {} };
    const cases: readonly (readonly [Parameters<typeof judge>[1], string, boolean])[] = [
      [{ jwts: "always" }, young, true],
      [{ always: true }, young, true],
      [{ jwtsOlderThanSeconds: 99 }, young, true],
      [{ jwtsOlderThanSeconds: 100 }, young, false],
      [{ jwtsOlderThanSeconds: 3600 }, ageless, true],
    ];
    for (const [changes, token, isAsked] of cases) {
      asked = [];
      assert.equal(nameVerdict(await judge(token, changes)), "ok");
      assert.deepEqual(asked, isAsked ? [token] : []);
    }
  });

  it("is judged here first: what does not hold is shown to nobody", async () => {
    const tokens = [
      await main.tokens.expired(),
      await other.sign({ iss: main.issuer }),
      `${(await main.sign({})).slice(0, -4)}AAAA`,
    ];
    for (const token of tokens) assert.notEqual(nameVerdict(await judge(token, { jwts: "always" })), "ok");
    assert.deepEqual(asked, []);
  });

  it("of another issuer is not shown to this one", async () => {
    const token = await other.sign({ sub: "bob" });
    assert.equal(nameVerdict(await judge(token, { jwts: "always" })), "ok");
    assert.equal(nameVerdict(await judge(token, { always: true })), "policy_denied");
    assert.deepEqual(asked, []);
  });

  it("has what its issuer says of it now, and what it said itself where it says nothing", async () => {
    const token = await main.sign({ sub: "ada", scope: "read write", tenant: "t" });
    outcome = { kind: "active", claims: { scope: "read", username: "Ada", token_type: "Bearer" } };
    const verdict = await judge(token, { always: true });
    assert.ok(verdict.ok);
    assert.deepEqual(verdict.principal.scopes, ["read"]);
    assert.deepEqual([verdict.token.claims["tenant"], verdict.token.claims["username"]], ["t", undefined]);
    assert.equal(verdict.token.algorithm, "ES256");
  });

  it("is refused where the answer does not hold, and where the issuer says inactive", async () => {
    const token = await main.sign({ sub: "ada" });
    outcome = { kind: "active", claims: { exp: NOW_SECONDS - 60 } };
    assert.equal(nameVerdict(await judge(token, { always: true })), "token_expired");
    outcome = { kind: "active", claims: { aud: "https://other.test" } };
    assert.equal(nameVerdict(await judge(token, { always: true })), "audience_mismatch");
    outcome = { kind: "inactive" };
    assert.equal(nameVerdict(await judge(token, { always: true })), "token_inactive");
  });

  it("gets nothing from an answer about another token", async () => {
    const token = await main.sign({ sub: "ada", client_id: "app", jti: "1" });
    const answers: readonly JsonObject[] = [
      { sub: "root" },
      { client_id: "admin" },
      { jti: "2" },
      { iat: 1 },
      { cnf: { jkt: "x" } },
      { sub: ["ada"] },
    ];
    for (const claims of answers) {
      outcome = { kind: "active", claims };
      const verdict = await judge(token, { always: true });
      assert.deepEqual(verdict.ok || verdict.reason, "introspection_unavailable", JSON.stringify(claims));
    }
    outcome = { kind: "active", claims: { sub: "ada", client_id: "app", jti: "1" } };
    assert.equal(nameVerdict(await judge(token, { always: true })), "ok");
  });
});
