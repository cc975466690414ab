import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Form, post } from "./ask.ts";
import {
  ACCESS,
  API,
  EXCHANGE,
  type ExchangeStage,
  exchangeToken,
  getToken,
  JWT,
  REPORTS,
  SECRET,
  startStage,
} from "./exchange-kit.ts";
import { signInAs } from "./sign-in.ts";

describe("token exchange refuses by the book", () => {
  let stage: ExchangeStage;
  let subject: string;
  let identity: string;
  before(async () => {
    stage = await startStage();
    subject = await getToken(stage.idp, "stranger");
    identity = (await signInAs(stage.idp, "user-ada")).id_token ?? "";
  });
  after(() => stage.idp.close());

  interface Case {
    readonly name: string;
    readonly form: () => Form & { readonly by?: string };
    readonly error: string;
  }
  const changeSignature = (token: string): string =>
    token.slice(0, -4) + (token.endsWith("AAAA") ? "BBBB" : "AAAA");

  const cases: readonly Case[] = [
    { name: "no subject_token", form: () => ({ subject_token: undefined }), error: "invalid_request" },
    {
      name: "no subject_token_type",
      form: () => ({ subject_token_type: undefined }),
      error: "invalid_request",
    },
    { name: "an actor_token without type", form: () => ({ actor_token: subject }), error: "invalid_request" },
    {
      name: "an actor_token_type without token",
      form: () => ({ actor_token_type: ACCESS }),
      error: "invalid_request",
    },
    { name: "an ID token as subject", form: () => ({ subject_token: identity }), error: "invalid_request" },
    {
      name: "a subject of another type",
      form: () => ({ subject_token_type: "urn:ietf:params:oauth:token-type:refresh_token" }),
      error: "invalid_request",
    },
    {
      name: "a requested type that is not made",
      form: () => ({ requested_token_type: "urn:ietf:params:oauth:token-type:refresh_token" }),
      error: "invalid_request",
    },
    {
      name: "a tampered subject",
      form: () => ({ subject_token: changeSignature(subject) }),
      error: "invalid_request",
    },
    { name: "nonsense as subject", form: () => ({ subject_token: "nothing" }), error: "invalid_request" },
    {
      name: "a subject of 9 kB",
      form: () => ({ subject_token: "x".repeat(9000) }),
      error: "invalid_request",
    },
    { name: "two subjects", form: () => ({ subject_token: [subject, subject] }), error: "invalid_request" },
    {
      name: "more scope than the policy has",
      form: () => ({ scope: "orders:read orders:write" }),
      error: "invalid_scope",
    },
    { name: "a scope that nobody knows", form: () => ({ scope: "admin" }), error: "invalid_scope" },
    {
      name: "a target that is not registered",
      form: () => ({ resource: "https://elsewhere.test" }),
      error: "invalid_target",
    },
    {
      name: "a target that the policy does not name",
      form: () => ({ resource: API }),
      error: "invalid_target",
    },
    { name: "a target with a fragment", form: () => ({ resource: `${REPORTS}#a` }), error: "invalid_target" },
    { name: "a relative target", form: () => ({ resource: "reports" }), error: "invalid_target" },
    { name: "two targets", form: () => ({ resource: [REPORTS, API] }), error: "invalid_target" },
    { name: "a resource and another audience", form: () => ({ audience: API }), error: "invalid_target" },
    { name: "no target", form: () => ({ resource: undefined }), error: "invalid_target" },
    { name: "a client without a rule", form: () => ({ by: "stranger" }), error: "unauthorized_client" },
  ];
  for (const { name, form, error } of cases) {
    it(`${name}: ${error}`, async () => {
      const { status, body, headers } = await exchangeToken(stage.idp, subject, form());
      assert.equal(body["error"], error, JSON.stringify(body));
      assert.equal(status, 400);
      assert.equal(headers.get("cache-control"), "no-store");
      assert.doesNotMatch(JSON.stringify(body), /eyJ/);
    });
  }

  it("a subject for somebody else's API, however good: invalid_request", async () => {
    const foreign = await getToken(stage.idp, "stranger", { resource: REPORTS });
    assert.equal((await exchangeToken(stage.idp, foreign)).body["error"], "invalid_request");
  });

  it("a subject with none of the scopes: invalid_scope, never a token without any", async () => {
    const narrow = await getToken(stage.idp, "stranger", { scope: "orders:write" });
    assert.equal((await exchangeToken(stage.idp, narrow)).body["error"], "invalid_scope");
  });

  it("an expired subject: invalid_request", async () => {
    const expired = await stage.idp.mintExpired(1);
    assert.equal((await exchangeToken(stage.idp, expired)).body["error"], "invalid_request");
  });

  it("a subject of another issuer: invalid_request", async () => {
    const other = await startStage();
    try {
      const foreign = await getToken(other.idp, "stranger");
      assert.equal((await exchangeToken(stage.idp, foreign)).body["error"], "invalid_request");
    } finally {
      await other.idp.close();
    }
  });

  it("whoever does not prove which client it is: 401 invalid_client", async () => {
    const form = { grant_type: EXCHANGE, subject_token: subject, subject_token_type: JWT, resource: REPORTS };
    const askers = [
      { clientId: "orders-app" },
      { clientId: "gateway" },
      { clientId: "gateway", secret: `${SECRET}x` },
    ];
    for (const asker of askers) {
      const { status, body } = await post(stage.idp.tokenEndpoint, form, asker);
      assert.equal(body["error"], "invalid_client");
      assert.equal(status, 401);
    }
  });

  it("wrong rules are refused at the start, each with its place", async () => {
    const rule = {
      clientId: "nobody",
      from: [API],
      to: "https://elsewhere.test",
      scopes: ["admin"],
      lifetimeSeconds: 0,
    };
    await assert.rejects(
      startStage({ exchange: [rule] }),
      ({ problems }: { problems: { path: string }[] }) => {
        const places = ["clientId", "to", "scopes[0]", "lifetimeSeconds"].map(
          (name) => `exchange[0].${name}`,
        );
        assert.deepEqual(
          problems.map(({ path }) => path),
          places,
        );
        return true;
      },
    );
  });
});
