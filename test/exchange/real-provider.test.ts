/** Tokens of a real provider, exchanged there by the sidecar for tokens that upstreams verify by themselves. */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { type DevIdp, startDevIdp } from "@countersign/dev-idp";
import { createValidator, type VerifiedToken } from "countersign";

import { callApi } from "../../packages/server/test/kit/call-api.ts";
import { type RawAnswer, sendRaw, writeRequest } from "../../packages/server/test/kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../../packages/server/test/kit/start-sidecar.ts";
import { startUpstream } from "../../packages/server/test/kit/start-upstream.ts";

const API = "https://api.countersign.test";
const REPORTS = "https://reports.countersign.test";
const SECRET = "a secret of more than sixteen";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "gateway", use: "sig", alg: "ES256" };

const GATEWAYS = ["gateway", "poster", "keyed"] as const;
const upstream = await startUpstream();
after(() => upstream.close());
beforeEach(() => {
  upstream.seen.length = 0;
});

function startProvider(): Promise<DevIdp> {
  return startDevIdp({
    log: () => {},
    audiences: [API, REPORTS],
    clients: [
      { clientId: "app", clientSecret: SECRET },
      { clientId: "gateway", clientSecret: SECRET },
      { clientId: "poster", clientSecret: SECRET, authentication: "client_secret_post" },
      { clientId: "keyed", jwks: { keys: [jwk] } },
      { clientId: "stranger", clientSecret: SECRET },
    ],
    exchange: GATEWAYS.map((clientId) => ({
      clientId,
      from: [API],
      to: REPORTS,
      scopes: ["orders:read"],
    })),
  });
}

/** A token of the app for the API. */
async function getToken(idp: DevIdp, scope = "orders:read orders:write"): Promise<string> {
  const response = await fetch(idp.tokenEndpoint, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`app:${encodeURIComponent(SECRET).replaceAll("%20", "+")}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope, resource: API }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function revokeAtProvider(idp: DevIdp, token: string): Promise<void> {
  const answer = await fetch(idp.revocationEndpoint, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`app:${encodeURIComponent(SECRET).replaceAll("%20", "+")}`)}` },
    body: new URLSearchParams({ token }),
  });
  assert.equal(answer.status, 200);
}

async function startExchanging(idp: DevIdp, exchange: object = {}, rest = ""): Promise<Sidecar> {
  const issuer = {
    issuer: idp.issuer,
    name: "dev",
    audiences: [API],
    profile: "rfc9068",
    keys: { discovery: true, insecureLoopbackHttp: true },
  };
  const reports = {
    tokenEndpoint: idp.tokenEndpoint,
    clientId: "gateway",
    clientSecret: SECRET,
    audiences: [REPORTS],
    insecureLoopbackHttp: true,
    ...exchange,
  };
  return startSidecar({
    issuers: [issuer],
    rest: `routes: [{ path: "/**", allow: authenticated, exchange: reports }]\nupstream: ${upstream.url}\nexchanges: ${JSON.stringify({ reports })}\n${rest}`,
  });
}

async function send(
  sidecar: Sidecar,
  token: string,
): Promise<RawAnswer & { readonly reason: unknown; readonly forwarded: string }> {
  const lines = ["Host: api.test", `Authorization: Bearer ${token}`];
  const answer = await sendRaw(sidecar.proxy, writeRequest("GET /x", lines));
  const [forwarded = ""] = upstream.valuesOf("authorization");
  return {
    ...answer,
    reason: sidecar.events.at(-1)?.reason,
    forwarded: forwarded.replace(/^Bearer /, ""),
  };
}

/** As an upstream does it: strictly. */
async function verifyAsUpstream(idp: DevIdp, token: string): Promise<VerifiedToken> {
  const validator = createValidator({
    issuers: [
      {
        issuer: idp.issuer,
        audiences: [REPORTS],
        profile: "rfc9068",
        keys: { discovery: true, insecureLoopbackHttp: true },
      },
    ],
  });
  try {
    return await validator.verify(token);
  } finally {
    await validator.close();
  }
}

describe("tokens that a real provider exchanges", () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startProvider();
  });
  after(() => idp.close());

  const WAYS: Readonly<Record<(typeof GATEWAYS)[number], object>> = {
    gateway: {},
    poster: { clientId: "poster", authentication: "client_secret_post" },
    keyed: { clientId: "keyed", clientSecret: undefined, privateKey: pem, keyId: "gateway" },
  };
  for (const [clientId, way] of Object.entries(WAYS)) {
    it(`are good for the upstream alone, and say for whom ${clientId} acts`, async () => {
      const sidecar = await startExchanging(idp, { ...way, scopes: ["orders:read"] });
      try {
        const token = await getToken(idp);
        const { status, forwarded } = await send(sidecar, token);
        assert.equal(status, 200);
        assert.notEqual(forwarded, token);
        const { claims } = await verifyAsUpstream(idp, forwarded);
        assert.equal(claims.sub, "app");
        assert.equal(claims.scope, "orders:read");
        assert.equal((claims["act"] as { readonly sub: string }).sub, clientId);
        // The client's own is of no use there, and the new one of none here.
        await assert.rejects(verifyAsUpstream(idp, token), { reason: "audience_mismatch" });
        assert.equal((await send(sidecar, forwarded)).reason, "audience_mismatch");
        assert.equal((await send(sidecar, token)).forwarded, forwarded);
      } finally {
        await sidecar.close();
      }
    });
  }

  it("are refused where the token does not permit what the upstream asks for, or its target is nobody's", async () => {
    const scoped = await startExchanging(idp, { scopes: ["orders:write"] });
    const elsewhere = await startExchanging(idp, { audiences: ["https://elsewhere.test"] });
    try {
      for (const sidecar of [scoped, elsewhere]) {
        const answer = await send(sidecar, await getToken(idp));
        assert.deepEqual([answer.status, answer.reason], [403, "policy_denied"]);
      }
      assert.equal(upstream.seen.length, 0);
    } finally {
      await Promise.all([scoped.close(), elsewhere.close()]);
    }
  });

  it("are had no more for one that was revoked at the provider", async () => {
    const sidecar = await startExchanging(idp, { cacheSeconds: 0 });
    try {
      const token = await getToken(idp);
      assert.equal((await send(sidecar, token)).status, 200);
      await revokeAtProvider(idp, token);
      upstream.seen.length = 0;
      const answer = await send(sidecar, token);
      assert.deepEqual([answer.status, answer.reason], [403, "policy_denied"]);
      assert.equal(upstream.seen.length, 0);
    } finally {
      await sidecar.close();
    }
  });

  it("that are remembered are used no more for one that is revoked here", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-exchange-"));
    const tokenFile = path.join(folder, "api.token");
    const rest = `revocation: { store: memory }\napi: { tokenFile: "${tokenFile}" }`;
    const sidecar = await startExchanging(idp, {}, rest);
    try {
      const [token, other] = [await getToken(idp), await getToken(idp)];
      for (const each of [token, other]) assert.equal((await send(sidecar, each)).status, 200);
      const operator = { admin: sidecar.addresses.admin, token: (await readFile(tokenFile, "utf8")).trim() };
      const revoked = await callApi(operator, "/revocations", { body: { token, reason: "stolen" } });
      assert.equal(revoked.status, 201);
      upstream.seen.length = 0;
      const answer = await send(sidecar, token);
      assert.deepEqual([answer.status, answer.reason], [401, "token_revoked"]);
      assert.equal(upstream.seen.length, 0);
      assert.equal((await send(sidecar, other)).status, 200);
    } finally {
      await sidecar.close();
      await rm(folder, { recursive: true });
    }
  });

  it("cannot be had as a client that the provider does not know, or does not let exchange", async () => {
    for (const exchange of [{ clientSecret: "not the secret at all" }, { clientId: "stranger" }]) {
      const sidecar = await startExchanging(idp, exchange);
      try {
        const answer = await send(sidecar, await getToken(idp));
        assert.deepEqual([answer.status, answer.reason], [503, "policy_unavailable"]);
      } finally {
        await sidecar.close();
      }
    }
    assert.equal(upstream.seen.length, 0);
  });

  it("cannot be had while the provider is away, but for those that are remembered", async () => {
    const brief = await startProvider();
    const sidecar = await startExchanging(brief);
    try {
      const [known, unknown] = [await getToken(brief), await getToken(brief)];
      assert.equal((await send(sidecar, known)).status, 200);
      await brief.close();
      assert.equal((await send(sidecar, known)).status, 200);
      upstream.seen.length = 0;
      const answer = await send(sidecar, unknown);
      assert.deepEqual([answer.status, answer.reason], [503, "policy_unavailable"]);
      assert.equal(upstream.seen.length, 0);
    } finally {
      await sidecar.close();
    }
  });
});
