/** Opaque tokens of a real OpenID provider, through the sidecar: every way to say who we are, and what is revoked. */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type DevIdp, startDevIdp } from "@countersign/dev-idp";
import {
  headerOf,
  type RawAnswer,
  sendRaw,
  writeRequest,
} from "../../packages/server/test/kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../../packages/server/test/kit/start-sidecar.ts";

const OPAQUE = "https://opaque.countersign.test";
const OTHER_OPAQUE = "https://other.countersign.test";
const JWT = "https://api.countersign.test";
const SECRET = "s3cret: with + % & and = signs";
const REST =
  'routes: [{ path: "/orders/**", allow: authenticated, scopes: ["orders:read"] }, { path: "/asked", allow: authenticated, introspect: true }]';
const LISTENERS = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"';

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "rs", use: "sig", alg: "ES256" };

const WAYS: Readonly<Record<string, object>> = {
  client_secret_basic: { clientId: "basic", clientSecret: SECRET },
  client_secret_post: { clientId: "poster", clientSecret: SECRET, authentication: "client_secret_post" },
  private_key_jwt: { clientId: "keyed", privateKey: pem, keyId: "rs" },
};

function startProvider(): Promise<DevIdp> {
  return startDevIdp({
    log: () => {},
    audiences: [JWT, OPAQUE, OTHER_OPAQUE],
    opaqueAudiences: [OPAQUE, OTHER_OPAQUE],
    clients: [
      { clientId: "basic", clientSecret: SECRET },
      { clientId: "poster", clientSecret: SECRET, authentication: "client_secret_post" },
      { clientId: "keyed", jwks: { keys: [jwk] }, introspectionSigningAlgorithm: "ES256" },
    ],
  });
}

/** A sidecar that asks this provider. */
async function startAsking(idp: DevIdp, introspection: object): Promise<Sidecar> {
  const trusted = {
    issuer: idp.issuer,
    name: "dev",
    audiences: [OPAQUE, JWT],
    algorithms: ["ES256"],
    keys: { discovery: true, insecureLoopbackHttp: true },
  };
  const asked = { endpoint: idp.introspectionEndpoint, insecureLoopbackHttp: true, ...introspection };
  return startSidecar({ issuers: [{ ...trusted, introspection: asked }], rest: REST, listeners: LISTENERS });
}

async function ask(
  sidecar: Sidecar,
  token: string,
  path = "/orders/1",
): Promise<RawAnswer & { reason: unknown }> {
  const description = ["Method: GET", `Uri: ${path}`, "Host: api.test", "Proto: http"].map(
    (part) => `X-Forwarded-${part}`,
  );
  const lines = ["Host: sidecar", ...description, `Authorization: Bearer ${token}`];
  const answer = await sendRaw(sidecar.decision, writeRequest("GET /authz", lines));
  return { ...answer, reason: sidecar.events.at(-1)?.reason };
}

async function revoke(idp: DevIdp, token: string): Promise<void> {
  const credentials = ["basic", SECRET].map((part) => new URLSearchParams({ "": part }).toString().slice(1));
  const answer = await fetch(idp.revocationEndpoint, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(credentials.join(":"))}` },
    body: new URLSearchParams({ token }),
  });
  assert.equal(answer.status, 200);
}

describe("a real provider's opaque tokens", () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startProvider();
  });
  after(() => idp.close());

  for (const [name, introspection] of Object.entries(WAYS)) {
    it(`let in by what the provider says of them, asked by ${name}`, async () => {
      const sidecar = await startAsking(idp, introspection);
      try {
        const answer = await ask(sidecar, await idp.mint(OPAQUE));
        assert.equal(answer.status, 200);
        assert.deepEqual(headerOf(answer, "x-auth-issuer"), [encodeURI(idp.issuer)]);
        assert.deepEqual(headerOf(answer, "x-auth-client"), ["basic"]);
        assert.deepEqual((await ask(sidecar, "unknown")).reason, "token_inactive");
        assert.deepEqual((await ask(sidecar, await idp.mint(OTHER_OPAQUE))).reason, "audience_mismatch");
      } finally {
        await sidecar.close();
      }
    });
  }

  it("are told of in signed answers, for which nothing else is taken", async () => {
    const signedAnswers = { jwksUri: idp.jwksUri, algorithms: ["ES256"] };
    const sidecar = await startAsking(idp, { ...WAYS["private_key_jwt"], signedAnswers });
    const unsigned = await startAsking(idp, { ...WAYS["client_secret_basic"], signedAnswers });
    try {
      assert.equal((await ask(sidecar, await idp.mint(OPAQUE))).status, 200);
      assert.equal((await ask(sidecar, "unknown")).reason, "token_inactive");
      const answer = await ask(unsigned, await idp.mint(OPAQUE));
      assert.deepEqual([answer.status, answer.reason], [503, "introspection_unavailable"]);
    } finally {
      await Promise.all([sidecar.close(), unsigned.close()]);
    }
  });

  it("are refused once they are revoked, as soon as the answer is not remembered any more", async () => {
    const sidecar = await startAsking(idp, { ...WAYS["client_secret_basic"], cacheSeconds: 1 });
    try {
      const token = await idp.mint(OPAQUE);
      assert.equal((await ask(sidecar, token)).status, 200);
      await revoke(idp, token);
      await delay(1100);
      assert.equal((await ask(sidecar, token)).reason, "token_inactive");
    } finally {
      await sidecar.close();
    }
  });

  it("leave its JWTs alone, but where a route wants to know that they were not revoked", async () => {
    const sidecar = await startAsking(idp, { ...WAYS["client_secret_basic"], cacheSeconds: 0 });
    try {
      const token = await idp.mint(JWT);
      for (const path of ["/orders/1", "/asked"]) assert.equal((await ask(sidecar, token, path)).status, 200);
      await revoke(idp, token);
      assert.equal((await ask(sidecar, token)).status, 200);
      assert.equal((await ask(sidecar, token, "/asked")).reason, "token_inactive");
    } finally {
      await sidecar.close();
    }
  });

  it("cannot be judged with credentials that the provider does not know, or while it is away", async () => {
    const brief = await startProvider();
    const token = await brief.mint(OPAQUE);
    const stranger = await startAsking(brief, { clientId: "basic", clientSecret: "not the secret" });
    const sidecar = await startAsking(brief, { ...WAYS["client_secret_basic"], cacheSeconds: 0 });
    try {
      assert.deepEqual((await ask(stranger, token)).status, 503);
      assert.equal((await ask(sidecar, token)).status, 200);
      await brief.close();
      const answer = await ask(sidecar, token);
      assert.deepEqual([answer.status, answer.reason], [503, "introspection_unavailable"]);
      assert.deepEqual(headerOf(answer, "www-authenticate"), []);
      assert.match(headerOf(answer, "retry-after")[0] ?? "", /^\d+$/);
    } finally {
      await Promise.all([sidecar.close(), stranger.close(), brief.close()]);
    }
  });
});
