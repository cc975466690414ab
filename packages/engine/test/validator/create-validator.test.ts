import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  createValidator,
  type EngineEvent,
  type IssuerOptions,
  type Rejected,
  TokenRejected,
  type ValidatorOptions,
} from "../../src/index.ts";
import { createLocalKey, KEY, NOW, options, signToken } from "./local-issuer.ts";

async function reject(token: string, setup: ValidatorOptions = options()): Promise<Rejected> {
  const verdict = await createValidator(setup).validate(token);
  if (verdict.ok) assert.fail("the token was accepted");
  return verdict;
}

type Row = readonly [
  name: string,
  claims: Record<string, unknown>,
  reason: string,
  changes?: Partial<IssuerOptions>,
];

describe("validate", () => {
  it("accepts a good token with its claims, key and principal", async () => {
    const verdict = await createValidator(options()).validate(signToken({ scope: "a b", client_id: "shop" }));
    assert.ok(verdict.ok);
    const { token, principal } = verdict;
    assert.equal(token.claims.sub, "alice");
    assert.equal(token.issuer, "idp.example.com");
    assert.equal(token.algorithm, "ES256");
    assert.equal(token.keyId, "first");
    assert.equal(token.expiresAt, (NOW + 300) * 1000);
    assert.deepEqual(principal.scopes, ["a", "b"]);
  });

  it("freezes what it accepts, all the way down", async () => {
    const verdict = await createValidator(options()).validate(signToken({ nested: { list: [{ a: 1 }] } }));
    assert.ok(verdict.ok);
    const { nested } = verdict.token.claims as unknown as { nested: { list: [object] } };
    const parts = [
      verdict,
      verdict.token,
      verdict.token.header,
      verdict.token.claims,
      nested,
      nested.list,
      nested.list[0],
    ];
    for (const part of [...parts, verdict.principal, verdict.principal.scopes])
      assert.ok(Object.isFrozen(part));
  });

  const rows: readonly Row[] = [
    ["an expired token", { exp: NOW - 31 }, "token_expired"],
    ["a token that expires exactly at the tolerance's end", { exp: NOW - 30 }, "token_expired"],
    ["a token of the future", { nbf: NOW + 31 }, "token_not_yet_valid"],
    ["a token issued in the future", { iat: NOW + 31 }, "issued_in_future"],
    ["a token that lives too long", { exp: NOW + 86_400, iat: NOW - 1 }, "lifetime_exceeded"],
    ["a token without iat that lives too long", { exp: NOW + 86_431, iat: undefined }, "lifetime_exceeded"],
    ["a token in milliseconds", { exp: NOW * 1000 }, "lifetime_exceeded"],
    ["a token that is too old", { iat: NOW - 91 }, "token_too_old", { maxAgeSeconds: 60 }],
    ["no iat where an age is bounded", { iat: undefined }, "claim_missing", { maxAgeSeconds: 60 }],
    ["no exp", { exp: undefined }, "claim_missing"],
    ["no aud", { aud: undefined }, "claim_missing"],
    ["no iss", { iss: undefined }, "claim_missing"],
    ["no required claim", {}, "claim_missing", { requiredClaims: ["tenant"] }],
    ["another audience", { aud: "https://other.example" }, "audience_mismatch"],
    ["no audience in the list", { aud: [] }, "audience_mismatch"],
    ["an audience that only begins like ours", { aud: "https://api.example.com/" }, "audience_mismatch"],
    ["another issuer", { iss: "https://idp.example.com" }, "issuer_untrusted"],
    ["a list of issuers", { iss: ["https://idp.example.com/"] }, "claim_invalid"],
    ["exp as text", { exp: "1900000000" }, "claim_invalid"],
    ["a negative exp", { exp: -1 }, "claim_invalid"],
    ["nbf as null", { nbf: null }, "claim_invalid"],
    ["aud with a number", { aud: ["https://api.example.com", 5] }, "claim_invalid"],
    ["aud as an object", { aud: { "https://api.example.com": true } }, "claim_invalid"],
    ["sub as a number", { sub: 7 }, "claim_invalid"],
    ["an empty sub", { sub: "" }, "claim_invalid"],
    ["sub with a control character", { sub: "a\u0000b" }, "claim_invalid"],
    ["jti of 257 characters", { jti: "j".repeat(257) }, "claim_invalid"],
    ["scope as a list", { scope: ["a"] }, "claim_invalid"],
    ["cnf as text", { cnf: "key" }, "claim_invalid"],
    ["exp before iat", { exp: NOW - 5, iat: NOW }, "claim_invalid"],
    ["exp before nbf", { exp: NOW + 5, nbf: NOW + 10 }, "claim_invalid"],
    ["actors six deep", { act: { act: { act: { act: { act: { act: {} } } } } } }, "claim_invalid"],
    ["an ID token", { nonce: "n" }, "type_mismatch"],
    ["an ID token by at_hash", { at_hash: "h" }, "type_mismatch"],
    ["a Cognito ID token", { token_use: "id" }, "type_mismatch"],
    ["a Keycloak refresh token", { typ: "Refresh" }, "type_mismatch"],
    ["a security event token", { events: {} }, "type_mismatch"],
    ["a DPoP proof", { htm: "GET", htu: "https://a" }, "type_mismatch"],
    ["an introspection response", { token_introspection: {} }, "type_mismatch"],
    ["a status list", { status_list: {} }, "type_mismatch"],
    ["a transaction token", { req_wl: "w" }, "type_mismatch"],
    ["a client assertion", { sub: "https://idp.example.com/" }, "type_mismatch"],
    [
      "an access token without client_id under rfc9068",
      { jti: "j" },
      "claim_missing",
      { profile: "rfc9068" },
    ],
  ];
  for (const [name, claims, reason, changes] of rows) {
    it(`refuses ${name}`, async () =>
      assert.equal((await reject(signToken(claims), options(changes))).reason, reason));
  }

  it("accepts at the last moment of every bound", async () => {
    const tokens = [
      signToken({ exp: NOW - 29, iat: NOW - 100 }),
      signToken({ nbf: NOW + 30 }),
      signToken({ iat: NOW + 30 }),
      signToken({ exp: NOW + 86_390 }),
      signToken({ exp: NOW + 86_430, iat: undefined }),
      signToken({ act: { act: { act: { act: { act: {} } } } } }),
      signToken({ aud: ["https://other.example", "https://api.example.com"] }),
    ];
    const validator = createValidator(options());
    for (const token of tokens) assert.equal((await validator.validate(token)).ok, true);
  });

  it("compares typ without case and without application/, and takes an absent one by profile", async () => {
    const validator = createValidator(options());
    for (const typ of ["JWT", "jwt", "AT+JWT", "application/at+jwt", undefined]) {
      assert.equal((await validator.validate(signToken({}, { header: { typ } }))).ok, true, String(typ));
    }
    for (const typ of ["dpop+jwt", "secevent+jwt", "text/at+jwt", ""]) {
      assert.equal((await reject(signToken({}, { header: { typ } }))).reason, "type_mismatch");
    }
    const strict = options({ profile: "rfc9068" });
    const claims = { client_id: "shop", jti: "j" };
    assert.equal((await createValidator(strict).validate(signToken(claims))).ok, true);
    for (const typ of ["JWT", undefined]) {
      assert.equal((await reject(signToken(claims, { header: { typ } }), strict)).reason, "type_mismatch");
    }
  });

  it("refuses algorithms off the list, unknown kids, other keys and changed tokens", async () => {
    assert.equal((await reject(signToken({}, { header: { alg: "none" } }))).reason, "algorithm_not_allowed");
    assert.equal((await reject(signToken({}, { header: { alg: "HS256" } }))).reason, "algorithm_not_allowed");
    assert.equal((await reject(signToken({}, { header: { kid: "other" } }))).reason, "key_unknown");
    assert.equal((await reject(signToken({}, { header: { alg: "RS256" } }))).reason, "key_unsuitable");
    const forged = signToken({}, { key: { ...createLocalKey("first") } });
    assert.equal((await reject(forged)).reason, "signature_invalid");
    const [header, , signature] = signToken().split(".");
    const [, payload] = signToken({ sub: "mallory" }).split(".");
    assert.equal((await reject(`${header}.${payload}.${signature}`)).reason, "signature_invalid");
    assert.equal((await reject(`${header}.${payload}.`)).reason, "signature_invalid");
  });

  it("finds the key of a token without kid", async () => {
    assert.equal(
      (await createValidator(options()).validate(signToken({}, { header: { kid: undefined } }))).ok,
      true,
    );
  });

  it("shows no claim value before the signature is verified", async () => {
    const verdict = await reject(signToken({ aud: "https://SECRET.example", sub: "SECRET" }));
    assert.doesNotMatch(JSON.stringify(verdict), /SECRET/);
  });

  it("never throws and never rejects, whatever the text", async () => {
    const validator = createValidator(options());
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 200 }), async (text) => {
        assert.equal((await validator.validate(text)).ok, false);
      }),
    );
    for (const value of [undefined, null, 1, {}, Symbol("s")]) {
      assert.equal((await validator.validate(value as string)).ok, false);
      assert.equal(validator.validateSync(value as string).ok, false);
    }
  });

  it("calls a broken clock its own fault, and refuses", async () => {
    for (const clock of [
      () => Number.NaN,
      () => {
        throw new Error("no time");
      },
    ]) {
      const verdict = await reject(signToken(), options({}, { clock }));
      assert.equal(verdict.reason, "internal_error");
      assert.equal(verdict.fault, "system");
      const explanation = await createValidator(options({}, { clock })).explain(signToken());
      assert.equal(explanation.signatureVerified, false);
      assert.deepEqual(explanation.verdict, verdict);
      assert.equal(createValidator(options({}, { clock })).validateSync(signToken()).ok, false);
    }
  });

  it("accepts tokens without exp, audience and lifetime bound only where that is written out", async () => {
    const setup = options({ expiry: "unchecked", audiences: "unchecked", maxLifetimeSeconds: "unchecked" });
    const validator = createValidator(setup);
    const verdict = await validator.validate(signToken({ exp: undefined, aud: undefined }));
    assert.ok(verdict.ok);
    assert.equal(verdict.token.expiresAt, Number.POSITIVE_INFINITY);
    assert.equal((await validator.validate(signToken({ exp: NOW + 1e9 }))).ok, true);
    assert.equal((await reject(signToken({ exp: NOW - 100 }), setup)).reason, "token_expired");
  });

  it("refuses a token that is bound to a key, unless the caller checks the proof and says so", async () => {
    const token = signToken({ cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } });
    const verdict = await reject(token);
    assert.equal(verdict.reason, "binding_missing");
    assert.equal((await reject(signToken({ cnf: {} }))).reason, "binding_missing");
    assert.equal((await createValidator(options({ binding: "unchecked" })).validate(token)).ok, true);
    const { steps } = await createValidator(options()).explain(token);
    assert.deepEqual(steps.at(-1), {
      stage: "binding",
      name: "cnf",
      outcome: "failed",
      reason: "binding_missing",
      expected: "a token without cnf, or proof that its key is held",
      found: "cnf, and no proof with the token",
    });
  });

  it("judges the binding only of what is signed", async () => {
    const forged = signToken({ cnf: {} }, { key: createLocalKey("first") });
    assert.equal((await reject(forged)).reason, "signature_invalid");
  });

  it("is not changed by later changes of its options", async () => {
    const audiences = ["https://api.example.com"];
    const keys = [KEY.jwk];
    const validator = createValidator(options({ audiences, keys: { jwks: { keys } } }));
    audiences[0] = "https://evil.example";
    keys.length = 0;
    assert.equal((await validator.validate(signToken())).ok, true);
    assert.equal((await validator.validate(signToken({ aud: "https://evil.example" }))).ok, false);
  });
});

describe("verify", () => {
  it("gives the verified token, or throws what was refused", async () => {
    const validator = createValidator(options());
    assert.equal((await validator.verify(signToken())).claims.sub, "alice");
    await assert.rejects(validator.verify(signToken({ exp: NOW - 100 })), (error) => {
      assert.ok(error instanceof TokenRejected);
      assert.equal(error.verdict.reason, "token_expired");
      assert.equal(error.reason, "token_expired");
      return true;
    });
  });
});

describe("validateSync", () => {
  it("gives the verdict of validate", async () => {
    const validator = createValidator(options());
    for (const token of [signToken(), signToken({ exp: 1 }), "x", signToken({}, { header: { kid: "x" } })]) {
      assert.deepEqual(validator.validateSync(token), await validator.validate(token));
    }
  });
});

describe("the observer", () => {
  it("is told how each validation ended, and never in words of the token", async () => {
    const events: EngineEvent[] = [];
    const validator = createValidator(options({}, { observer: (event) => events.push(event) }));
    await validator.validate(signToken());
    await validator.validate(signToken({ exp: NOW - 100 }));
    await validator.validate(signToken({ iss: "https://evil.example" }));
    validator.validateSync("x");
    const ended = events.filter((event) => event.type === "validation_finished");
    assert.deepEqual(
      ended.map(({ issuer, reason, fault, algorithm, keyId }) => [issuer, reason, fault, algorithm, keyId]),
      [
        ["idp.example.com", "ok", "none", "ES256", KEY.keyId],
        ["idp.example.com", "token_expired", "client", "ES256", undefined],
        ["_untrusted", "issuer_untrusted", "client", undefined, undefined],
        ["_untrusted", "malformed_token", "client", undefined, undefined],
      ],
    );
    assert.ok((ended[0]?.durationMs ?? -1) >= 0 && (ended[0]?.signatureMs ?? -1) >= 0);
    assert.equal(ended[1]?.signatureMs, undefined);
  });

  it("changes nothing by throwing", async () => {
    const observer = (): never => {
      throw new Error("observer");
    };
    assert.equal((await createValidator(options({}, { observer })).validate(signToken())).ok, true);
  });

  it("is told each opt-out at construction", () => {
    const events: EngineEvent[] = [];
    createValidator(
      options({ audiences: "unchecked", expiry: "unchecked" }, { observer: (event) => events.push(event) }),
    );
    assert.deepEqual(
      events.map((event) => event.type === "opt_out_in_force" && event.path),
      ["issuers[0].audiences", "issuers[0].expiry"],
    );
  });
});

describe("explain", () => {
  it("runs every check, and shows claim values because the signature is verified", async () => {
    const validator = createValidator(options());
    const explanation = await validator.explain(
      signToken({ exp: NOW - 100, iat: NOW - 200, aud: "https://other.example" }),
    );
    assert.equal(explanation.verdict.ok, false);
    assert.equal(explanation.signatureVerified, true);
    const failed = explanation.steps.filter(({ outcome }) => outcome === "failed");
    assert.deepEqual(
      failed.map(({ reason }) => reason),
      ["token_expired", "audience_mismatch"],
    );
    assert.equal(failed[0]?.found, `${NOW - 100} (100 s ago)`);
    assert.equal(failed[1]?.found, '"https://other.example"');
  });

  it("shows no claim value where the signature is not verified", async () => {
    const forged = signToken({ aud: "SECRET", exp: 1_700_000_001 }, { key: createLocalKey("first") });
    const explanation = await createValidator(options()).explain(forged);
    assert.equal(explanation.signatureVerified, false);
    assert.doesNotMatch(JSON.stringify(explanation), /SECRET|1700000001/);
    assert.equal(explanation.steps.at(-1)?.reason, "signature_invalid");
  });

  it("skips what an earlier failure made impossible", async () => {
    const validator = createValidator(options());
    const outcomes = async (token: string): Promise<string> =>
      (await validator.explain(token)).steps.map(({ outcome }) => outcome[0]).join("");
    assert.match(await outcomes("x"), /^fs+$/);
    assert.match(await outcomes(signToken({ iss: "x" })), /^pfs+$/);
    assert.match(await outcomes(signToken({ exp: "x", aud: 1 })), /^pppp?fps+.*ppp$/);
    assert.match(await outcomes(signToken({}, { header: { alg: "none" } })), /^ppfp+ss$/);
  });

  it("ends with the verdict of validate", async () => {
    const validator = createValidator(options());
    for (const token of [signToken(), signToken({ exp: 1 }), "x"]) {
      assert.deepEqual((await validator.explain(token)).verdict, await validator.validate(token));
    }
  });
});
