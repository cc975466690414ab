import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { decodeJwt } from "jose";
import { createSidecarSink, type DevIdp, type DevRevocation, startDevIdp } from "../src/index.ts";
import { post, refresh } from "./ask.ts";
import { Browser } from "./browser.ts";
import { getToken, introspect, revoke, SECRET, startStage } from "./exchange-kit.ts";
import { beginFlow, exchange, signIn, signInOffline } from "./sign-in.ts";

describe("introspection and revocation of JWTs", () => {
  const told: DevRevocation[] = [];
  let idp: DevIdp;
  before(async () => {
    ({ idp } = await startStage({ revocations: async (revocation) => void told.push(revocation) }));
  });
  after(() => idp.close());

  it("tells of a JWT what stands in it, until it is revoked", async () => {
    const token = await getToken(idp, "stranger");
    const claims = decodeJwt(token);
    const answer = await introspect(idp, token);
    assert.equal(answer["active"], true);
    for (const name of ["iss", "aud", "client_id", "scope", "exp", "iat", "jti"]) {
      assert.deepEqual(answer[name], claims[name], name);
    }
    assert.equal((await revoke(idp, token, "stranger")).status, 200);
    assert.deepEqual(await introspect(idp, token), { active: false });
    const [revocation] = told.filter(({ tokenId }) => tokenId === claims.jti);
    assert.equal(revocation?.issuer, idp.issuer);
    assert.ok((revocation?.expiresAtMs ?? 0) >= Number(claims.exp) * 1000);
    assert.match(revocation?.id ?? "", /^[A-Za-z0-9._:-]{1,128}$/);
  });

  it("knows no token by the id that stands in it, nor one that was changed or is over", async () => {
    const token = await getToken(idp, "stranger");
    const { jti = "" } = decodeJwt(token);
    const [header, , signature] = token.split(".");
    const forged = [header, btoa(JSON.stringify({ ...decodeJwt(token), scope: "admin" })), signature].join(
      ".",
    );
    for (const other of [jti, `~${jti}`, forged.replaceAll("=", ""), await idp.mintExpired(1)]) {
      assert.deepEqual(await introspect(idp, other), { active: false });
      assert.equal((await revoke(idp, other, "stranger")).status, 200);
    }
    assert.equal((await introspect(idp, token))["active"], true);
  });

  it("refuses to revoke what another client was given, and says so", async () => {
    const token = await getToken(idp, "stranger");
    const refused = await revoke(idp, token, "reporter");
    assert.equal(refused.status, 400);
    assert.equal(refused.body["error"], "unauthorized_client");
    assert.equal((await introspect(idp, token))["active"], true);
  });

  it("answers 200 for what is no token, 401 to who is no client, 400 to two tokens, 413 to a flood", async () => {
    assert.equal((await revoke(idp, "nothing", "stranger")).status, 200);
    const wrong = await post(
      idp.revocationEndpoint,
      { token: "x" },
      { clientId: "stranger", secret: `${SECRET}x` },
    );
    assert.equal(wrong.status, 401);
    const asker = { clientId: "stranger", secret: SECRET };
    assert.equal((await post(idp.revocationEndpoint, { token: ["a", "b"] }, asker)).status, 400);
    assert.equal((await post(idp.revocationEndpoint, {}, asker)).status, 400);
    const body = `token=${"x".repeat(40_000)}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    assert.equal((await fetch(idp.revocationEndpoint, { method: "POST", headers, body })).status, 413);
  });

  it("takes back everything of a sign-in with its refresh token", async () => {
    const first = await signInOffline(idp);
    const { body } = await refresh(idp, first.refreshToken);
    const newest = String(body["refresh_token"]);
    const gone = await post(idp.revocationEndpoint, { token: newest }, { clientId: "orders-app" });
    assert.equal(gone.status, 200);
    for (const token of [first.accessToken, String(body["access_token"])]) {
      assert.deepEqual(await introspect(idp, token), { active: false });
      assert.ok(told.some(({ tokenId }) => tokenId === decodeJwt(token).jti));
    }
    assert.equal((await refresh(idp, newest)).status, 400);
  });
});

describe("a code that is used twice", () => {
  it("ends what its first use gave, and that is told of", async () => {
    const told: DevRevocation[] = [];
    const { idp } = await startStage({ revocations: async (revocation) => void told.push(revocation) });
    try {
      const flow = await beginFlow(idp, { scope: "openid offline_access orders:read", prompt: "consent" });
      const callback = await signIn(new Browser(), flow, "user-ada");
      const tokens = await exchange(flow, callback);
      await assert.rejects(exchange(flow, callback), { error: "invalid_grant" });
      assert.deepEqual(
        told.map(({ tokenId }) => tokenId),
        [decodeJwt(tokens.access_token).jti],
      );
      assert.equal((await refresh(idp, tokens.refresh_token ?? "")).status, 400);
    } finally {
      await idp.close();
    }
  });
});

describe("the feed of revocations", () => {
  it("is waited for: 503 while nobody takes it, and everything told once somebody does", async () => {
    const told: string[] = [];
    let isDown = true;
    const { idp } = await startStage({
      revocations: async ({ tokenId }) => {
        if (isDown) throw new Error("down");
        told.push(tokenId);
      },
    });
    try {
      const tokens = [await getToken(idp, "stranger"), await getToken(idp, "stranger")];
      for (const token of tokens) {
        const refused = await revoke(idp, token, "stranger");
        assert.equal(refused.status, 503);
        assert.equal(refused.headers.get("retry-after"), "1");
        // Here it is over already; only validators do not know yet.
        assert.deepEqual(await introspect(idp, token), { active: false });
        assert.equal(
          (await revoke(idp, token, "stranger")).status,
          503,
          "asking again does not make it told",
        );
      }
      isDown = false;
      assert.equal((await revoke(idp, tokens[0] ?? "", "stranger")).status, 200);
      assert.deepEqual(told.toSorted(), tokens.map((token) => decodeJwt(token).jti).toSorted());
    } finally {
      await idp.close();
    }
  });

  it("is told again without being asked", async () => {
    const told: string[] = [];
    let failures = 0;
    const { idp } = await startStage({
      revocations: async ({ tokenId }) => {
        failures += 1;
        if (failures <= 1) throw new Error("down");
        told.push(tokenId);
      },
    });
    try {
      const token = await getToken(idp, "stranger");
      await revoke(idp, token, "stranger");
      for (let waited = 0; told.length === 0 && waited < 50; waited += 1) await delay(100);
      assert.deepEqual(told, [decodeJwt(token).jti]);
    } finally {
      await idp.close();
    }
  });
});

describe("the sink of a sidecar", () => {
  const REVOCATION = { id: "idp-1", issuer: "https://idp.test", tokenId: "t", expiresAtMs: 5 };

  it("posts to its API, and rejects what it does not take or does not answer", async () => {
    const seen: { readonly request: IncomingMessage; readonly body: string }[] = [];
    const statuses = [201, 503];
    const server = createServer((request, response) => {
      void readText(request).then((body) => {
        seen.push({ request, body });
        const status = statuses.shift();
        if (status !== undefined) response.writeHead(status).end();
      }, assert.ifError);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const adminUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sink = createSidecarSink({ adminUrl, apiToken: "secret", timeoutMs: 200 });
    try {
      await sink(REVOCATION);
      assert.equal(seen[0]?.request.url, "/api/v1/revocations");
      assert.equal(seen[0].request.headers.authorization, "Bearer secret");
      const body = JSON.parse(seen[0].body) as Record<string, unknown>;
      assert.deepEqual(body["target"], { kind: "token", issuer: "https://idp.test", value: "t" });
      await assert.rejects(sink(REVOCATION), /found status 503/);
      await assert.rejects(sink(REVOCATION), { name: "TimeoutError" });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("a provider that tells nobody", () => {
  it("revokes all the same", async () => {
    const idp = await startDevIdp({
      log: () => {},
      clients: [{ clientId: "gateway", clientSecret: SECRET }],
    });
    try {
      const token = await getToken(idp, "gateway");
      assert.equal((await revoke(idp, token, "gateway")).status, 200);
      assert.deepEqual(await introspect(idp, token), { active: false });
    } finally {
      await idp.close();
    }
  });
});
