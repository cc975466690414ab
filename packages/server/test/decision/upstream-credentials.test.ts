/** Credentials for upstreams as the decision core sees them: asked for once a request may pass, or refused with it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createValidator } from "countersign";
import { createTestIssuer } from "countersign/testing";

import { createDecider } from "../../src/decision/create-decider.ts";
import { createRefusal } from "../../src/decision/create-refusal.ts";
import type { Decision, RequestDescription } from "../../src/decision/decision.ts";
import {
  type CredentialQuestion,
  type CredentialResult,
  combineCredentials,
  type UpstreamCredentials,
} from "../../src/decision/upstream-credentials.ts";

const issuer = await createTestIssuer();
const token = await issuer.sign({ sub: "ada", scope: "read" });
const silent = { info() {}, warn() {}, error() {} };

type Obtain = (question: CredentialQuestion) => CredentialResult | Promise<CredentialResult>;

function decideWith(
  credentials: UpstreamCredentials | undefined,
  maxPending?: number,
): (path: string, changes?: Partial<RequestDescription> & { token?: string }) => Promise<Decision> {
  const decide = createDecider({
    validator: createValidator({ issuers: [issuer.validatorOptions()] }),
    credentials,
    routes: [
      { path: "/**", allow: "authenticated" },
      { path: "/write", allow: "authenticated", scopes: ["write"] },
      { path: "/open", allow: "anonymous" },
    ],
    identityHeaders: { prefix: "x-auth-", claims: {}, maxValueBytes: 2048 },
    logger: silent,
    clock: Date.now,
    ...(maxPending !== undefined && { maxPending }),
  });
  return async (target, { token: shown = token, ...changes } = {}) =>
    decide({
      method: "GET",
      scheme: "https",
      host: "api.test",
      target,
      headers: [["authorization", `Bearer ${shown}`]],
      ...changes,
    });
}

function giving(obtain: Obtain, names = ["authorization"]): UpstreamCredentials & { asked: number } {
  const credentials = {
    names,
    asked: 0,
    obtain(question: CredentialQuestion) {
      credentials.asked += 1;
      return obtain(question);
    },
  };
  return credentials;
}

const GOOD: CredentialResult = { ok: true, headers: [["authorization", "Bearer new"]] };
const valuesOf = (decision: Decision, name: string): readonly string[] =>
  decision.allow
    ? decision.identity.filter(([each]) => each === name).map(([, value]) => value)
    : ["refused"];

describe("credentials for upstreams", () => {
  it("are asked for with the token that passed, and stand beside the identity", async () => {
    const credentials = giving(({ token: shown, verdict }) => {
      assert.deepEqual([shown, verdict.principal.subject], [token, "ada"]);
      return GOOD;
    });
    const decision = await decideWith(credentials)("/x");
    assert.deepEqual(valuesOf(decision, "authorization"), ["Bearer new"]);
    assert.deepEqual(valuesOf(decision, "x-auth-subject"), ["ada"]);
  });

  it("are not asked for where nobody passes, where nobody is asked who he is, and for what goes on", async () => {
    const credentials = giving(() => GOOD);
    const decide = decideWith(credentials);
    assert.equal((await decide("/write")).allow, false);
    assert.equal((await decide("/x", { token: await issuer.tokens.expired() })).allow, false);
    assert.deepEqual(valuesOf(await decide("/open"), "authorization"), [""]);
    assert.deepEqual(valuesOf(await decide("/x", { isOngoing: true }), "authorization"), [""]);
    assert.equal(credentials.asked, 0);
  });

  it("that cannot be had refuse the request", async () => {
    const rejected = createRefusal("policy_unavailable", { retryAfterSeconds: 1 });
    for (const credentials of [
      giving(() => ({ ok: false, rejected })),
      giving(async () => ({ ok: false, rejected })),
    ]) {
      const decision = await decideWith(credentials)("/x");
      assert.equal(decision.allow, false);
      assert.equal(decision.allow ? undefined : decision.rejected, rejected);
    }
  });

  it("that fail by a defect refuse the request", async () => {
    for (const obtain of [() => assert.fail("a defect"), () => Promise.reject(new Error("a defect"))]) {
      const decision = await decideWith(giving(obtain))("/x");
      assert.equal(decision.allow ? "ok" : decision.rejected.reason, "internal_error");
    }
  });

  it("are waited for by so many, and by no more", async () => {
    const waiting: (() => void)[] = [];
    const credentials = giving(() => new Promise((resolve) => void waiting.push(() => resolve(GOOD))));
    const decide = decideWith(credentials, 2);
    const first = [decide("/x"), decide("/x")];
    while (waiting.length < 2) await new Promise(setImmediate);
    const third = await decide("/x");
    assert.equal(third.allow ? "ok" : third.rejected.reason, "overloaded");
    for (const finish of waiting) finish();
    for (const decision of await Promise.all(first)) assert.equal(decision.allow, true);
    const again = decide("/x");
    while (waiting.length < 3) await new Promise(setImmediate);
    waiting[2]?.();
    assert.equal((await again).allow, true);
  });

  it("of several kinds are all there, or none and no request", async () => {
    const signed = giving(
      () => ({ ok: true, headers: [["x-auth-assertion", "a.b.c"]] }),
      ["x-auth-assertion"],
    );
    const both = combineCredentials([giving(async () => GOOD), signed]);
    const decision = await decideWith(both)("/x");
    assert.deepEqual(valuesOf(decision, "authorization"), ["Bearer new"]);
    assert.deepEqual(valuesOf(decision, "x-auth-assertion"), ["a.b.c"]);
    const rejected = createRefusal("policy_denied");
    const refusing = giving(() => ({ ok: false, rejected }));
    assert.equal((await decideWith(combineCredentials([refusing, signed]))("/x")).allow, false);
    assert.equal(signed.asked, 1);
    assert.equal((await decideWith(combineCredentials([signed, refusing]))("/x")).allow, false);
    assert.equal(combineCredentials([]), undefined);
  });
});
