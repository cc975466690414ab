import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { createTestIssuer, type TestIssuer } from "countersign/testing";

import { callApi } from "../kit/call-api.ts";
import { RECEIVER, SESSION_REVOKED, signEvent } from "../kit/security-events.ts";
import { type SignalSidecar, startSignalSidecar } from "../kit/signal-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

const SECRET = "Bearer of the first transmitter";
const TYPE = "application/secevent+jwt";
const VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification";

describe("security events that are pushed", () => {
  let issuer: TestIssuer;
  let other: TestIssuer;
  let hub: TestIssuer;
  let home: SignalSidecar;

  before(async () => {
    [issuer, other, hub] = await Promise.all([
      createTestIssuer(),
      createTestIssuer({ issuer: "https://other.test/" }),
      createTestIssuer({ issuer: "https://hub.test/" }),
    ]);
    const push = { authorization: SECRET };
    home = await startSignalSidecar({
      issuers: [
        { ...issuer.validatorOptions(), name: "first" },
        { ...other.validatorOptions(), name: "second" },
      ],
      signals: {
        transmitters: [
          { name: "own", issuer: "first", audiences: [RECEIVER], push },
          {
            name: "hub",
            issuer: "second",
            transmitter: hub.issuer,
            keys: hub.validatorOptions().keys,
            audiences: [RECEIVER],
            push: { authorization: "Bearer of the second transmitter" },
            policy: { "session-revoked": "ignore", "account-enabled": "always" },
            opaque: "subject",
            verificationState: "expected state",
          },
        ],
      },
    });
  });
  after(() => home.close());

  const push = async (
    text: string,
    { to = "own", authorization = SECRET, type = TYPE } = {},
  ): Promise<{ status: number; err: unknown; language: string | null }> => {
    const headers = { authorization, "content-type": type };
    const answer = await home.send(`/signals/events/${to}`, { body: text, headers });
    const body = await answer.text();
    const { err } = body === "" ? { err: undefined } : (JSON.parse(body) as { err: unknown });
    return { status: answer.status, err, language: answer.headers.get("content-language") };
  };
  const pushToHub = (text: string): ReturnType<typeof push> =>
    push(text, { to: "hub", authorization: "Bearer of the second transmitter" });
  const subject = (by: TestIssuer, sub: string): object => ({ format: "iss_sub", iss: by.issuer, sub });

  it("revoke what they are about, issued until they happened", async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const token = await issuer.sign({ sub: "alice", iat: nowSeconds - 100 });
    const later = await issuer.sign({ sub: "alice", iat: nowSeconds - 10 });
    assert.equal(await home.ask(token), 200);
    const event = { events: { [SESSION_REVOKED]: { event_timestamp: nowSeconds - 50 } } };
    assert.equal((await push(await signEvent(issuer, subject(issuer, "alice"), event))).status, 202);
    await waitFor(async () => (await home.ask(token)) === 401);
    assert.equal(await home.ask(later), 200);
  });

  it("revoke one token, or one session", async () => {
    const [byId, bySession, kept] = await Promise.all([
      issuer.sign({ sub: "bob", jti: "j1" }),
      issuer.sign({ sub: "bob", sid: "s1" }),
      issuer.sign({ sub: "bob", sid: "s2" }),
    ]);
    await push(await signEvent(issuer, { format: "jwt_id", iss: issuer.issuer, jti: "j1" }));
    const session = { format: "opaque", id: "s1" };
    await push(await signEvent(issuer, { format: "complex", user: subject(issuer, "bob"), session }));
    await waitFor(async () => (await home.ask(byId)) === 401 && (await home.ask(bySession)) === 401);
    assert.equal(await home.ask(kept), 200);
  });

  it("never touch subjects of an issuer that is not the transmitter's", async () => {
    const token = await other.sign({ sub: "carol", sid: "s3", jti: "j3" });
    for (const about of [
      subject(other, "carol"),
      { format: "jwt_id", iss: other.issuer, jti: "j3" },
      { format: "complex", user: subject(other, "carol"), session: { format: "opaque", id: "s3" } },
    ]) {
      assert.equal((await push(await signEvent(issuer, about))).status, 202);
    }
    const marker = await issuer.sign({ sub: "marker" });
    await push(await signEvent(issuer, subject(issuer, "marker")));
    await waitFor(async () => (await home.ask(marker)) === 401);
    assert.equal(await home.ask(token), 200);
  });

  it("count once: again they are taken, and bring nothing back that was lifted", async () => {
    const token = await issuer.sign({ sub: "dora" });
    const text = await signEvent(issuer, subject(issuer, "dora"));
    assert.equal((await push(text)).status, 202);
    await waitFor(async () => (await home.ask(token)) === 401);
    const caller = { admin: home.sidecar.addresses.admin, token: home.token };
    const { json } = await callApi(
      caller,
      `/revocations?${new URLSearchParams({ issuer: issuer.issuer, value: "dora" })}`,
    );
    const [entry, ...more] = json["entries"] as {
      revocation: { id: string; actor: string; reason: string };
    }[];
    assert.equal(more.length, 0);
    assert.equal(entry?.revocation.actor, "transmitter own");
    assert.equal(entry?.revocation.reason, "security event session-revoked");
    await callApi(caller, `/revocations/${entry?.revocation.id}?reason=test`, { method: "DELETE" });
    await waitFor(async () => (await home.ask(token)) === 200);
    assert.equal((await push(text)).status, 202);
    assert.equal(await home.ask(token), 200);
  });

  it("are refused by the codes of RFC 8935", async () => {
    const about = subject(issuer, "erin");
    const stranger = await createTestIssuer();
    const [, , signature] = (await signEvent(stranger, about)).split(".");
    const [head, body] = (await signEvent(issuer, about)).split(".");
    const cases: readonly (readonly [string, string])[] = [
      ["invalid_request", "nothing"],
      ["invalid_request", await issuer.sign({ sub: "erin" })],
      ["invalid_request", await signEvent(issuer, about, { sub: "erin" })],
      ["invalid_request", await signEvent(issuer, about, { exp: 9_999_999_999 })],
      ["invalid_request", await signEvent(issuer, about, { events: {} })],
      ["invalid_issuer", await signEvent(other, about)],
      ["invalid_audience", await signEvent(issuer, about, { aud: "https://another.test" })],
      ["invalid_key", await signEvent(stranger, about)],
      ["authentication_failed", `${head}.${body}.${signature}`],
    ];
    for (const [err, text] of cases) {
      assert.deepEqual(await push(text), { status: 400, err, language: "en" }, err);
    }
    assert.equal(await home.ask(await issuer.sign({ sub: "erin" })), 200);
  });

  it("are taken with the transmitter's own header only, and of their own type", async () => {
    const text = await signEvent(issuer, subject(issuer, "frank"));
    for (const authorization of ["", "Bearer of the second transmitter", `${SECRET}x`]) {
      assert.equal((await push(text, { authorization })).err, "authentication_failed");
    }
    assert.equal((await push(text, { to: "nobody" })).err, "authentication_failed");
    assert.equal((await push(text, { type: "application/jwt" })).status, 415);
    assert.equal((await push("x".repeat(70_000))).err, "invalid_request");
    assert.equal(await home.ask(await issuer.sign({ sub: "frank" })), 200);
  });

  it("of one who speaks for an issuer are about that issuer, by the policy that is configured", async () => {
    const tokens = await Promise.all([other.sign({ sub: "gina" }), other.sign({ sub: "hugo" })]);
    assert.equal((await pushToHub(await signEvent(hub, subject(other, "gina")))).status, 202);
    const enabled = "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
    const opaque = { format: "opaque", id: "hugo" };
    assert.equal((await pushToHub(await signEvent(hub, opaque, { events: { [enabled]: {} } }))).status, 202);
    await waitFor(async () => (await home.ask(tokens[1] ?? "")) === 401);
    assert.equal(await home.ask(tokens[0] ?? ""), 200);
    assert.equal((await pushToHub(await signEvent(other, opaque))).err, "invalid_issuer");
  });

  it("that only verify the stream are taken with the state that was asked for, or none", async () => {
    const stream = { format: "opaque", id: "stream-1" };
    const verify = async (event: object): Promise<unknown> =>
      (await pushToHub(await signEvent(hub, stream, { events: { [VERIFICATION]: event } }))).err;
    assert.equal(await verify({}), undefined);
    assert.equal(await verify({ state: "expected state" }), undefined);
    assert.equal(await verify({ state: "another" }), "invalid_state");
  });
});
