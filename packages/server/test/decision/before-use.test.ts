/** What refuses a request has its say before a proof is used up, so that the proof may be presented again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createValidator, MemoryReplayStore } from "countersign";
import { createDpopClient, createTestIssuer } from "countersign/testing";

import { createDecider, type DeciderSetup } from "../../src/decision/create-decider.ts";
import { createRefusal } from "../../src/decision/create-refusal.ts";
import type { Decision } from "../../src/decision/decision.ts";

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const issuer = await createTestIssuer();
const client = await createDpopClient({});

function open(setup: Partial<DeciderSetup> = {}): {
  readonly decide: ReturnType<typeof createDecider>;
  readonly store: MemoryReplayStore;
} {
  const store = new MemoryReplayStore();
  const validator = createValidator({ issuers: [issuer.validatorOptions()], replay: store });
  const decide = createDecider({
    validator,
    routes: [
      { path: "/open/**", allow: "authenticated" },
      { path: "/closed/**", allow: "authenticated", scopes: ["never-given"] },
    ],
    identityHeaders: { prefix: "x-auth-", claims: {}, maxValueBytes: 2048 },
    logger: SILENT,
    clock: Date.now,
    ...setup,
  });
  return { decide, store };
}

async function present(path: string): Promise<Parameters<ReturnType<typeof createDecider>>[0]> {
  const token = await issuer.sign({ cnf: { jkt: client.jkt } });
  const proof = await client.prove({ method: "GET", url: `https://api.test${path}`, token });
  const headers = [
    ["Authorization", `DPoP ${token}`],
    ["DPoP", proof],
  ] as const;
  return { method: "GET", scheme: "https", host: "api.test", target: path, headers };
}

function tell(decision: Decision): string {
  return decision.allow ? "ok" : decision.rejected.reason;
}

test("an accepted proof is used up", async () => {
  const { decide, store } = open();
  const request = await present("/open/1");
  assert.equal(tell(await decide(request)), "ok");
  assert.equal(store.size, 1);
  assert.equal(tell(await decide(request)), "dpop_proof_invalid");
});

test("a requirement that is not met uses up nothing, and is told with its scopes", async () => {
  const { decide, store } = open();
  const request = await present("/closed/1");
  for (let turn = 0; turn < 2; turn++) {
    const decision = await decide(request);
    assert.ok(!decision.allow);
    assert.deepEqual([decision.rejected.reason, decision.scopes], ["scope_insufficient", ["never-given"]]);
  }
  assert.equal(store.size, 0);
});

test("an issuer that says no uses up nothing, and is asked once a request", async () => {
  let asked = 0;
  let answer: "no" | "yes" = "no";
  const { decide, store } = open({
    introspect: ({ verdict }) => {
      asked++;
      return answer === "yes" || !verdict.ok ? verdict : createRefusal("token_inactive");
    },
  });
  const request = await present("/open/1");
  assert.equal(tell(await decide(request)), "token_inactive");
  assert.equal(store.size, 0);
  answer = "yes";
  asked = 0;
  assert.equal(tell(await decide(request)), "ok");
  assert.deepEqual([asked, store.size], [1, 1]);
});

test("an opaque token for one use is used up after the requirement, and once", async () => {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer.issuer,
    aud: issuer.audience,
    sub: "ada",
    jti: "opaque-1",
    iat: nowSeconds,
    exp: nowSeconds + 60,
  };
  const store = new MemoryReplayStore();
  const validator = createValidator({ issuers: [issuer.validatorOptions()], replay: store });
  const { decide } = open({
    validator,
    routes: [
      { path: "/open/**", allow: "authenticated", singleUse: true },
      { path: "/closed/**", allow: "authenticated", singleUse: true, scopes: ["never-given"] },
    ],
    introspect: ({ token, verdict, context }) =>
      verdict.ok ? verdict : validator.judgeStated({ text: token, claims }, context),
  });
  const ask = async (target: string): Promise<Decision> =>
    decide({
      method: "GET",
      scheme: "https",
      host: "api.test",
      target,
      headers: [["Authorization", "Bearer opaque"]],
    });
  const refused = await ask("/closed/1");
  assert.ok(!refused.allow);
  assert.deepEqual([refused.rejected.reason, refused.scopes], ["scope_insufficient", ["never-given"]]);
  assert.equal(store.size, 0);
  assert.deepEqual([tell(await ask("/open/1")), store.size], ["ok", 1]);
  assert.equal(tell(await ask("/open/1")), "token_replayed");
});
