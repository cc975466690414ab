import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { createTestIssuer, type TestIssuer } from "countersign/testing";

import { callApi } from "../kit/call-api.ts";
import { type SignalSidecar, startSignalSidecar } from "../kit/signal-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

const LOGOUT = "http://schemas.openid.net/event/backchannel-logout";
const FORM = "/signals/logout";

type Claims = Parameters<TestIssuer["sign"]>[0];

describe("back-channel logout", () => {
  let issuer: TestIssuer;
  let other: TestIssuer;
  let home: SignalSidecar;

  before(async () => {
    [issuer, other] = await Promise.all([
      createTestIssuer(),
      createTestIssuer({ issuer: "https://other.test/" }),
    ]);
    home = await startSignalSidecar({
      issuers: [
        { ...issuer.validatorOptions(), name: "first" },
        { ...other.validatorOptions(), name: "second" },
      ],
      signals: {
        logout: [
          { issuer: "first", audiences: ["app"] },
          { issuer: "second", audiences: ["app"], ends: "subject" },
        ],
      },
    });
  });
  after(() => home.close());

  const signLogout = (by: TestIssuer, claims: Claims): Promise<string> =>
    by.sign(
      {
        aud: "app",
        sub: undefined,
        client_id: undefined,
        scope: undefined,
        events: { [LOGOUT]: {} },
        ...claims,
      },
      { header: { typ: "logout+jwt" } },
    );
  const send = async (text: string): Promise<{ status: number; body: string; headers: Headers }> => {
    const response = await home.send(FORM, { body: new URLSearchParams({ logout_token: text }) });
    return { status: response.status, body: await response.text(), headers: response.headers };
  };

  it("ends the session that it names, and no other of the same subject", async () => {
    const ended = await issuer.sign({ sub: "alice", sid: "s1" });
    const kept = await issuer.sign({ sub: "alice", sid: "s2" });
    assert.equal(await home.ask(ended), 200);
    const answer = await send(await signLogout(issuer, { sub: "alice", sid: "s1" }));
    assert.deepEqual([answer.status, answer.body], [200, ""]);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    await waitFor(async () => (await home.ask(ended)) === 401);
    assert.equal(await home.ask(kept), 200);
  });

  it("ends everything of a subject where it names no session, or the configuration says so", async () => {
    for (const [by, claims] of [
      [issuer, { sub: "bob" }],
      [other, { sub: "bob", sid: "s9" }],
    ] as const) {
      const token = await by.sign({ sub: "bob", sid: "s3" });
      assert.equal(await home.ask(token), 200);
      assert.equal((await send(await signLogout(by, claims))).status, 200);
      await waitFor(async () => (await home.ask(token)) === 401);
    }
  });

  it("ends nothing of another issuer, whatever it names", async () => {
    const token = await other.sign({ sub: "carol", sid: "s4" });
    assert.equal((await send(await signLogout(issuer, { sub: "carol", sid: "s4" }))).status, 200);
    const own = await issuer.sign({ sub: "carol", sid: "s4" });
    await waitFor(async () => (await home.ask(own)) === 401);
    assert.equal(await home.ask(token), 200);
    const forged = await signLogout(issuer, { iss: other.issuer, sub: "carol" });
    assert.equal((await send(forged)).status, 400);
    assert.equal(await home.ask(token), 200);
  });

  it("lets a login after the logout be", async () => {
    const iat = Math.floor(Date.now() / 1000) - 120;
    const before = await issuer.sign({ sub: "dora", iat: iat - 1 });
    const later = await issuer.sign({ sub: "dora", iat: iat + 1 });
    assert.equal((await send(await signLogout(issuer, { sub: "dora", iat, exp: iat + 300 }))).status, 200);
    await waitFor(async () => (await home.ask(before)) === 401);
    assert.equal(await home.ask(later), 200);
  });

  it("takes a logout token once: again it is refused, and brings nothing back that was lifted", async () => {
    const token = await issuer.sign({ sub: "erin" });
    const text = await signLogout(issuer, { sub: "erin", jti: "once" });
    assert.equal((await send(text)).status, 200);
    await waitFor(async () => (await home.ask(token)) === 401);
    const caller = { admin: home.sidecar.addresses.admin, token: home.token };
    const query = new URLSearchParams({ issuer: issuer.issuer, value: "erin" });
    const { json } = await callApi(caller, `/revocations?${query}`);
    const [entry] = json["entries"] as { revocation: { id: string; actor: string; reason: string } }[];
    assert.deepEqual(
      [entry?.revocation.actor, entry?.revocation.reason],
      ["back-channel logout of first", "logged out"],
    );
    await callApi(caller, `/revocations/${entry?.revocation.id}?reason=test`, { method: "DELETE" });
    await waitFor(async () => (await home.ask(token)) === 200);
    const again = await send(text);
    assert.equal(again.status, 400);
    assert.deepEqual(JSON.parse(again.body), {
      error: "invalid_request",
      error_description: "the logout token was taken before",
    });
    assert.equal(await home.ask(token), 200);
  });

  it("refuses what is no logout token for one of its clients, and quotes nothing of it", async () => {
    const wrong: readonly (readonly [string, Promise<string>])[] = [
      ["malformed_token", Promise.resolve("no token")],
      ["type_mismatch", issuer.sign({ sub: "frank" })],
      ["audience_mismatch", signLogout(issuer, { sub: "frank", aud: "another-secret-app" })],
      ["claim_invalid", signLogout(issuer, { sub: "frank", nonce: "n" })],
      ["claim_missing", signLogout(issuer, { sub: "frank", jti: undefined })],
      ["token_too_old", signLogout(issuer, { sub: "frank", iat: Math.floor(Date.now() / 1000) - 700 })],
    ];
    for (const [reason, text] of wrong) {
      const answer = await send(await text);
      assert.equal(answer.status, 400);
      const { error, error_description: description } = JSON.parse(answer.body) as Record<string, string>;
      assert.equal(error, "invalid_request");
      assert.match(description ?? "", new RegExp(`^${reason}: `));
      assert.doesNotMatch(answer.body, /frank|secret/);
    }
    assert.equal(await home.ask(await issuer.sign({ sub: "frank" })), 200);
  });

  it("takes a form with one logout token, and nothing else", async () => {
    const text = await signLogout(issuer, { sub: "gina" });
    const form = `logout_token=${text}`;
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const statuses = await Promise.all(
      [
        home.send(FORM, {
          body: JSON.stringify({ logout_token: text }),
          headers: { "content-type": "application/json" },
        }),
        home.send(FORM, { body: `${form}&${form}`, headers: type }),
        home.send(FORM, { body: "token=x", headers: type }),
        home.send(FORM, { body: `logout_token=${"x".repeat(20_000)}`, headers: type }),
      ].map(async (asked) => (await asked).status),
    );
    assert.deepEqual(statuses, [415, 400, 400, 400]);
    assert.equal(await home.ask(await issuer.sign({ sub: "gina" })), 200);
  });
});

describe("logout tokens of an issuer whose keys are away", () => {
  it("are answered with 503, so that they are sent again", async () => {
    const issuer = await createTestIssuer({ serve: true });
    const options = issuer.validatorOptions("jwksUri");
    const home = await startSignalSidecar({
      issuers: [{ ...options, name: "first" }],
      signals: { logout: [{ issuer: "first", audiences: ["app"] }] },
    });
    try {
      const text = await issuer.sign(
        { aud: "app", sub: "alice", events: { [LOGOUT]: {} } },
        { header: { typ: "logout+jwt" } },
      );
      await issuer.close();
      const answer = await home.send(FORM, { body: new URLSearchParams({ logout_token: text }) });
      assert.equal(answer.status, 503);
      assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
      assert.equal(((await answer.json()) as Record<string, string>)["error"], "temporarily_unavailable");
    } finally {
      await home.close();
      await issuer.close();
    }
  });
});
