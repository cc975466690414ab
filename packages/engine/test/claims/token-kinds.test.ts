import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTokenKindCheck, createTypeCheck } from "../../src/claims/token-kinds.ts";
import type { JsonObject } from "../../src/token/json-value.ts";

const header = { alg: "ES256" };

describe("the check of a token's kind", () => {
  const check = createTokenKindCheck();
  const judge = (claims: JsonObject): readonly unknown[] | undefined => {
    const refusal = check.run({ header, claims }, 0);
    assert.equal(refusal?.found, check.show({ header, claims }, 0));
    return refusal && [refusal.reason, refusal.expected, refusal.found];
  };

  it("has a name, and relies on no other check", () => {
    assert.equal(check.name, "token kind");
    assert.equal(check.expected, "an access token");
    assert.equal(check.standsAlone, true);
  });

  const idToken = "an ID token";
  const refreshToken = "a refresh token";
  const logoutToken = "a logout token or security event token";
  const proof = "a DPoP proof";
  const transactionToken = "a transaction token";
  const rows: readonly (readonly [claims: JsonObject, kind: string])[] = [
    [{ nonce: "n" }, idToken],
    [{ at_hash: "h" }, idToken],
    [{ c_hash: "h" }, idToken],
    [{ s_hash: "h" }, idToken],
    [{ token_use: "id" }, idToken],
    [{ typ: "ID" }, idToken],
    [{ typ: "Refresh" }, refreshToken],
    [{ typ: "Offline" }, refreshToken],
    [{ events: {} }, logoutToken],
    [{ typ: "Logout" }, logoutToken],
    [{ htm: "GET" }, proof],
    [{ htu: "https://api.example.com" }, proof],
    [{ ath: "h" }, proof],
    [{ token_introspection: {} }, "an introspection response"],
    [{ status_list: {} }, "a status list"],
    [{ req_wl: "w" }, transactionToken],
    [{ tctx: {} }, transactionToken],
    [{ rctx: {} }, transactionToken],
    [{ sub: "i" }, "a client assertion"],
    [{ nonce: null }, idToken],
  ];
  for (const [claims, kind] of rows) {
    it(`takes ${JSON.stringify(claims)} for ${kind}`, () => {
      assert.deepEqual(judge({ iss: "i", ...claims }), ["type_mismatch", "an access token", kind]);
    });
  }

  it("lets access tokens pass, also with values that only resemble another kind's", () => {
    for (const claims of [
      {},
      { sub: "i " },
      { typ: "Bearer", token_use: "access" },
      { typ: "id", token_use: "ID" },
      { typ: ["ID"], token_use: ["id"] },
    ]) {
      assert.equal(judge({ iss: "i", sub: "s", ...claims }), undefined);
    }
  });
});

describe("the check of typ", () => {
  const create = (absent: boolean, ...types: readonly string[]): ReturnType<typeof createTypeCheck> =>
    createTypeCheck({ types, absent });
  const judge = (check: ReturnType<typeof createTypeCheck>, typ?: string): readonly unknown[] | undefined => {
    const refusal = check.run({ header: typ === undefined ? header : { ...header, typ }, claims: {} }, 0);
    return refusal && [refusal.reason, refusal.expected, refusal.found];
  };

  it("says what passes, and relies on no other check", () => {
    assert.equal(create(false, "JWT").expected, "typ JWT");
    assert.equal(create(true, "JWT", "at+jwt").expected, "typ JWT or at+jwt, or no typ");
    const check = create(true, "JWT");
    assert.equal(check.name, "typ");
    assert.equal(check.standsAlone, true);
    assert.equal(check.show({ header: { ...header, typ: "x" }, claims: {} }, 0), "x");
    assert.equal(check.show({ header, claims: {} }, 0), undefined);
  });

  it("takes an absent typ only where that is configured", () => {
    assert.equal(judge(create(true, "JWT")), undefined);
    assert.deepEqual(judge(create(false, "JWT")), ["type_mismatch", "typ JWT", "no typ"]);
  });

  it("compares without case and without application/, on both sides", () => {
    for (const configured of ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"]) {
      for (const typ of ["at+jwt", "At+jwt", "application/at+jwt", "APPLICATION/AT+JWT"])
        assert.equal(judge(create(false, configured), typ), undefined);
    }
  });

  it("keeps other media types and longer paths apart", () => {
    for (const typ of [
      "",
      "at+jw",
      "xat+jwt",
      "text/at+jwt",
      "x/application/at+jwt",
      "application/application/at+jwt",
    ])
      assert.deepEqual(judge(create(false, "at+jwt"), typ), ["type_mismatch", "typ at+jwt", "another typ"]);
    assert.equal(judge(create(false, "application/a/b"), "APPLICATION/a/b"), undefined);
    assert.ok(judge(create(false, "application/a/b"), "a/b"));
    assert.ok(judge(create(false, "a/b"), "application/a/b"));
    assert.ok(judge(create(false, "a/b"), "a/application/b"));
  });
});
