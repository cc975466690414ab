import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import { type DevIdp, type DevRevocation, startDevIdp } from "../src/index.ts";
import { refresh } from "./ask.ts";
import { signInOffline } from "./sign-in.ts";

const AT_ONCE = 50;

const CLIENTS = [
  { clientId: "orders-service", clientSecret: "a secret of more than sixteen" },
  { clientId: "orders-app", redirectUris: ["http://127.0.0.1/callback"] },
  { clientId: "other-app", redirectUris: ["http://127.0.0.1/other"] },
];

function text(value: unknown): string {
  assert.equal(typeof value, "string");
  return String(value);
}

describe("refreshing", () => {
  const told: DevRevocation[] = [];
  const messages: string[] = [];
  let idp: DevIdp;
  before(async () => {
    idp = await startDevIdp({
      log: (message) => messages.push(message),
      clients: CLIENTS,
      revocations: async (revocation) => void told.push(revocation),
    });
  });
  after(() => idp.close());

  const isTold = (token: string): boolean => told.some(({ tokenId }) => tokenId === decodeJwt(token).jti);

  it("fifty times at once with one token makes one successor, and all get the same", async () => {
    const { refreshToken } = await signInOffline(idp);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => refresh(idp, refreshToken)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    const successors = new Set(answers.map(({ body }) => body["refresh_token"]));
    const accessTokens = new Set(answers.map(({ body }) => body["access_token"]));
    assert.equal(successors.size, 1);
    assert.equal(accessTokens.size, 1);
    const [successor] = successors;
    assert.notEqual(successor, refreshToken);
    assert.equal((await refresh(idp, text(successor))).status, 200);
  });

  it("again with the token of a lost answer gives that answer, as long as its successor is not used", async () => {
    const first = await signInOffline(idp);
    const lost = await refresh(idp, first.refreshToken);
    const again = await refresh(idp, first.refreshToken);
    assert.equal(again.body["refresh_token"], lost.body["refresh_token"]);
    assert.equal(again.headers.get("cache-control"), "no-store");
    const next = await refresh(idp, text(lost.body["refresh_token"]));
    assert.equal(next.status, 200);

    const stolen = await refresh(idp, first.refreshToken);
    assert.equal(stolen.status, 400);
    assert.equal(stolen.body["error"], "invalid_grant");
    assert.equal((await refresh(idp, text(next.body["refresh_token"]))).body["error"], "invalid_grant");
    assert.ok(messages.some((message) => message.includes("used twice; its family is revoked")));
    for (const token of [
      first.accessToken,
      text(lost.body["access_token"]),
      text(next.body["access_token"]),
    ]) {
      assert.ok(isTold(token), "every access token of the family is told of");
    }
  });

  it("with a grandparent in the grace ends the family, however quickly it comes", async () => {
    const { refreshToken } = await signInOffline(idp);
    let newest = refreshToken;
    for (let generation = 0; generation < 2; generation += 1) {
      newest = text((await refresh(idp, newest)).body["refresh_token"]);
    }
    const answers = await Promise.all([refresh(idp, refreshToken), refresh(idp, refreshToken)]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400, 400],
    );
    assert.equal((await refresh(idp, newest)).status, 400);
  });

  it("by another client gives nothing and ends nothing", async () => {
    const { refreshToken } = await signInOffline(idp);
    assert.equal(
      (await refresh(idp, refreshToken, { clientId: "other-app" })).body["error"],
      "invalid_grant",
    );
    const { body } = await refresh(idp, refreshToken);
    assert.equal(
      (await refresh(idp, refreshToken, { clientId: "other-app" })).body["error"],
      "invalid_grant",
    );
    assert.equal((await refresh(idp, text(body["refresh_token"]))).status, 200);
  });

  it("never widens: more scope is refused, and a narrower one lasts for one token", async () => {
    const { refreshToken } = await signInOffline(idp);
    const wider = await refresh(idp, refreshToken, { scope: "orders:read email" });
    assert.equal(wider.body["error"], "invalid_scope");
    const narrow = await refresh(idp, refreshToken, { scope: "orders:read" });
    assert.equal(decodeJwt(text(narrow.body["access_token"]))["scope"], "orders:read");
    const other = await refresh(idp, refreshToken, { scope: "orders:write" });
    assert.equal(other.body["error"], "invalid_request");
    const full = await refresh(idp, text(narrow.body["refresh_token"]));
    assert.equal(decodeJwt(text(full.body["access_token"]))["scope"], "orders:read orders:write");
  });

  it("that fails for its target uses nothing up", async () => {
    const { refreshToken } = await signInOffline(idp);
    const failed = await refresh(idp, refreshToken, { resource: "https://elsewhere.test" });
    assert.equal(failed.body["error"], "invalid_target");
    assert.equal((await refresh(idp, refreshToken)).status, 200);
  });

  it("keeps who signed in, how and when, and jose verifies it with the keys after a rotation", async () => {
    const first = await signInOffline(idp);
    await idp.rotate();
    const { body } = await refresh(idp, first.refreshToken);
    const keys = createLocalJWKSet((await (await fetch(idp.jwksUri)).json()) as JSONWebKeySet);
    const { payload } = await jwtVerify(text(body["access_token"]), keys, {
      issuer: idp.issuer,
      typ: "at+jwt",
    });
    const before = decodeJwt(first.accessToken);
    for (const name of ["sub", "acr", "auth_time", "scope", "client_id", "aud"]) {
      assert.ok(before[name] !== undefined, name);
      assert.deepEqual(payload[name], before[name]);
    }
  });
});

describe("refreshing without a grace, or after it", () => {
  it("ends the family at the second use, also of fifty at once", async () => {
    const idp = await startDevIdp({ log: () => {}, clients: CLIENTS, refreshGraceSeconds: 0 });
    try {
      const { refreshToken } = await signInOffline(idp);
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => refresh(idp, refreshToken)));
      const good = answers.filter(({ status }) => status === 200);
      assert.equal(good.length, 1);
      assert.equal((await refresh(idp, text(good[0]?.body["refresh_token"]))).status, 400);
    } finally {
      await idp.close();
    }
  });

  it("takes the second use for theft once the grace is over, and an idle token for over", async () => {
    const idp = await startDevIdp({
      log: () => {},
      clients: CLIENTS,
      refreshGraceSeconds: 1,
      refreshIdleSeconds: 2,
    });
    try {
      const [used, idle] = await Promise.all([
        signInOffline(idp),
        signInOffline(idp, { subject: "user-ben" }),
      ]);
      const { body } = await refresh(idp, used.refreshToken);
      await delay(1050);
      assert.equal((await refresh(idp, used.refreshToken)).status, 400);
      assert.equal((await refresh(idp, text(body["refresh_token"]))).status, 400);
      await delay(1050);
      assert.equal((await refresh(idp, idle.refreshToken)).body["error"], "invalid_grant");
    } finally {
      await idp.close();
    }
  });
});
