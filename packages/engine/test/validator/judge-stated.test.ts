import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createValidator, type JsonObject, type ValidatorOptions, type Verdict } from "countersign";
import { createDpopClient, createTestClock, createTestIssuer } from "countersign/testing";
import { createBindingCheck } from "../../src/binding/create-binding-check.ts";
import { createTrustedIssuer } from "../../src/issuers/trusted-issuer.ts";
import { createStaticKeySource } from "../../src/keys/static-key-source.ts";
import { MemoryReplayStore } from "../../src/status/memory-replay-store.ts";
import { checkOptions } from "../../src/validator/check-options.ts";
import { HeaderMemory } from "../../src/validator/header-memory.ts";
import type { JudgeSetup, ValidationContext } from "../../src/validator/judge-setup.ts";
import { judgeStated, type StatedToken } from "../../src/validator/judge-stated.ts";

const NOW_SECONDS = 1_700_000_000;
const clock = createTestClock(NOW_SECONDS * 1000);
const issuer = await createTestIssuer({ algorithms: ["ES256"], clock });
const base = issuer.validatorOptions();
const GOOD = {
  iss: issuer.issuer,
  sub: "ada",
  aud: issuer.audience,
  client_id: "app",
  scope: "read write",
  iat: NOW_SECONDS - 10,
  exp: NOW_SECONDS + 300,
  jti: "1",
};

function compile(options: ValidatorOptions): JudgeSetup {
  const { issuers, maxTokenBytes, revocations } = checkOptions(options);
  const replay = new MemoryReplayStore({ clock });
  const judged = issuers.map(({ rules, keys, binding }) => {
    if ("settings" in keys) throw new TypeError("the tests give keys inline");
    return {
      ...createTrustedIssuer(rules, createStaticKeySource(keys)),
      binding: binding && createBindingCheck({ rules: binding, clock }),
      encryption: undefined,
      clockToleranceSeconds: rules.clockToleranceSeconds,
    };
  });
  const byIssuer = new Map(judged.map((one) => [one.issuer, one]));
  const headers = new HeaderMemory();
  const parts = { revocations, statusLists: undefined, replay, encrypted: undefined };
  return { issuers: byIssuer, maxTokenBytes, clock, headers, signatures: undefined, ...parts };
}

async function judgeWith(
  options: ValidatorOptions,
  stated: StatedToken,
  context?: ValidationContext,
): Promise<Verdict> {
  return judgeStated(compile(options), stated, { context, mayWait: true, notes: undefined });
}

async function signExactly(claims: JsonObject): Promise<string> {
  const { keyId, algorithm } = issuer.key();
  const header = { alg: algorithm, kid: keyId, typ: "at+jwt" };
  return issuer.signRaw({ headerText: JSON.stringify(header), payloadText: JSON.stringify(claims) });
}

function nameVerdict(verdict: Verdict): string {
  return verdict.ok ? "ok" : `${verdict.reason} ${verdict.expected}`;
}

/** Each changes claims that would pass. Undefined takes one away. */
const CHANGES: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["nothing", {}],
  ["exp past", { exp: NOW_SECONDS - 60 }],
  ["exp absent", { exp: undefined }],
  ["exp as text", { exp: "1800000000" }],
  ["exp negative", { exp: -1 }],
  ["exp far away", { exp: NOW_SECONDS + 10_000_000 }],
  ["nbf to come", { nbf: NOW_SECONDS + 100 }],
  ["iat to come", { iat: NOW_SECONDS + 100 }],
  ["iat long ago", { iat: NOW_SECONDS - 4000 }],
  ["aud of another", { aud: "https://other.test" }],
  ["aud absent", { aud: undefined }],
  ["aud as number", { aud: 7 }],
  ["aud among others", { aud: ["https://other.test", issuer.audience] }],
  ["iss of another", { iss: "https://other.test" }],
  ["iss absent", { iss: undefined }],
  ["sub as object", { sub: {} }],
  ["sub absent", { sub: undefined }],
  ["a required claim absent", { tenant: undefined }],
  ["scope as list", { scope: ["read"] }],
  ["the kind of an ID token", { nonce: "n" }],
  ["the kind of an answer", { token_introspection: {} }],
  ["the kind of a refresh token", { typ: "Refresh" }],
  ["cnf as text", { cnf: "x" }],
  ["bound to a key", { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }],
  ["jti too long", { jti: "j".repeat(300) }],
];

describe("what an issuer says of a token", () => {
  const strict = {
    ...base,
    requiredClaims: ["sub", "tenant"],
    maxAgeSeconds: 3600,
    clockToleranceSeconds: 5,
  };
  const options = { issuers: [strict], clock };
  const validator = createValidator(options);

  for (const [name, change] of CHANGES) {
    it(`is judged as the same claims in a signed token: ${name}`, async () => {
      const changed = Object.entries({ ...GOOD, tenant: "t", ...change });
      const claims = Object.fromEntries(changed.filter(([, value]) => value !== undefined)) as JsonObject;
      const asToken = await validator.validate(await signExactly(claims));
      const asStated = await judgeWith(options, { text: "opaque", claims });
      assert.equal(nameVerdict(asStated), nameVerdict(asToken));
    });
  }

  it("brings a principal and an end, and says that no signature was verified", async () => {
    const verdict = await judgeWith({ issuers: [base], clock }, { text: "opaque", claims: { ...GOOD } });
    assert.ok(verdict.ok);
    const { token, principal } = verdict;
    assert.deepEqual(
      [principal.subject, principal.client, principal.scopes],
      ["ada", "app", ["read", "write"]],
    );
    assert.deepEqual(
      [token.algorithm, token.keyId, token.header],
      ["introspection", undefined, { alg: "introspection" }],
    );
    assert.equal(token.expiresAt, GOOD.exp * 1000);
    assert.ok(Object.isFrozen(token) && Object.isFrozen(token.claims));
  });

  it("replaces what a signed token claims, and leaves its key", async () => {
    const verdict = await createValidator({ issuers: [base], clock }).validate(
      await issuer.sign({ sub: "ada" }),
    );
    assert.ok(verdict.ok);
    const { token: verified } = verdict;
    const claims = { ...verified.claims, scope: "read" };
    const stated = await judgeWith({ issuers: [base], clock }, { text: "a.b.c", claims, verified });
    assert.ok(stated.ok);
    assert.deepEqual(stated.principal.scopes, ["read"]);
    assert.deepEqual([stated.token.algorithm, stated.token.header], ["ES256", verified.header]);
  });

  it("holds an opaque token to the key that it is bound to", async () => {
    const client = await createDpopClient({ clock });
    const options = { issuers: [base], clock };
    const claims = { ...GOOD, cnf: { jkt: client.jkt } };
    const request = { method: "GET", url: "https://api.test/orders" };
    const text = "opaque";
    const prove = async (token: string): Promise<ValidationContext> => {
      const proof = await client.prove({ token, ...request });
      return { presentation: { scheme: "DPoP", proofs: [proof], ...request } };
    };
    assert.equal(nameVerdict(await judgeWith(options, { text, claims }, await prove(text))), "ok");
    const other = await judgeWith(options, { text, claims }, await prove("another"));
    assert.equal(other.ok || other.reason, "dpop_proof_invalid");
  });

  it("does not count where the token was revoked here", async () => {
    const revocations = { find: () => "revoked" as const, isFresh: () => true };
    const verdict = await judgeWith(
      { issuers: [base], clock, revocations },
      { text: "opaque", claims: GOOD },
    );
    assert.equal(verdict.ok || verdict.reason, "token_revoked");
  });
});
