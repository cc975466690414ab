import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { ConfigurationError } from "countersign";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { type DevIdp, startDevIdp } from "../src/index.ts";

const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

function askForToken(idp: DevIdp, form: Record<string, string> = {}, secret: string = idp.clientSecret) {
  return fetch(idp.tokenEndpoint, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${idp.clientId}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...form }),
  });
}

async function getToken(idp: DevIdp, form: Record<string, string> = {}): Promise<string> {
  const response = await askForToken(idp, form);
  const body = (await response.json()) as { access_token: string };
  assert.equal(response.status, 200);
  return body.access_token;
}

/** Status of a GET with a Host header that fetch would not send. */
function askAsHost(idp: DevIdp, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${idp.issuer}/.well-known/openid-configuration`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describe("the development identity provider", () => {
  const messages: string[] = [];
  let idp: DevIdp;
  before(async () => {
    idp = await startDevIdp({ log: (message) => messages.push(message) });
  });
  after(() => idp.close());

  it("says once that it is for development", () => {
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? "", /Development identity provider.*Never use it in production/);
  });

  for (const path of ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]) {
    it(`serves metadata for its own issuer at ${path}`, async () => {
      const response = await fetch(idp.issuer + path);
      const metadata = (await response.json()) as Record<string, unknown>;
      assert.equal(metadata["issuer"], idp.issuer);
      assert.equal(metadata["jwks_uri"], idp.jwksUri);
      assert.equal(metadata["token_endpoint"], idp.tokenEndpoint);
      assert.deepEqual(metadata["code_challenge_methods_supported"], ["S256"]);
      assert.deepEqual(metadata["response_types_supported"], ["code"]);
      assert.equal(response.headers.get("cache-control"), "public, max-age=300");
    });
  }

  it("publishes an ES256 and an RS256 key without any private member", async () => {
    const { keys } = (await (await fetch(idp.jwksUri)).json()) as { keys: Record<string, unknown>[] };
    assert.deepEqual(keys.map(({ alg }) => alg).sort(), ["ES256", "RS256"]);
    for (const key of keys) {
      assert.deepEqual(
        PRIVATE_MEMBERS.filter((member) => member in key),
        [],
      );
      assert.equal(key["use"], "sig");
    }
    assert.deepEqual(
      keys.map(({ kid }) => kid).sort(),
      idp
        .keys()
        .map(({ kid }) => kid)
        .sort(),
    );
  });

  it("answers 304 to whoever has the current keys", async () => {
    const first = await fetch(idp.jwksUri);
    const etag = first.headers.get("etag") ?? "";
    await first.arrayBuffer();
    const second = await fetch(idp.jwksUri, { headers: { "if-none-match": etag } });
    assert.equal(second.status, 304);
    assert.equal(await second.text(), "");
  });

  it("gives for client credentials an RFC 9068 token that jose verifies", async () => {
    const token = await getToken(idp, { scope: "orders:read" });
    const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri)), {
      issuer: idp.issuer,
      audience: idp.audience,
      typ: "at+jwt",
      algorithms: ["ES256"],
      requiredClaims: ["sub", "client_id", "iat", "exp", "jti"],
    });
    assert.equal(protectedHeader.kid, idp.keys().find(({ algorithm }) => algorithm === "ES256")?.kid);
    assert.equal(payload.sub, idp.clientId);
    assert.equal(payload["scope"], "orders:read");
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600);
  });

  it("gives a token for another registered audience, and refuses one that is not registered", async () => {
    const [, other = ""] = idp.audiences;
    const token = await getToken(idp, { resource: other });
    await jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri)), { audience: other });
    const refused = await askForToken(idp, { resource: "https://elsewhere.test" });
    assert.equal(refused.status, 400);
    assert.equal(((await refused.json()) as { error: string }).error, "invalid_target");
  });

  it("gives no token for a wrong secret", async () => {
    const refused = await askForToken(idp, {}, `${idp.clientSecret}x`);
    assert.equal(refused.status, 401);
    assert.equal(((await refused.json()) as { error: string }).error, "invalid_client");
  });

  it("mints expired and foreign tokens with the key that signs the others", async () => {
    const keys = createRemoteJWKSet(new URL(idp.jwksUri));
    const expired = await idp.mintExpired(120);
    await assert.rejects(jwtVerify(expired, keys), { code: "ERR_JWT_EXPIRED" });
    const { payload } = await jwtVerify(expired, keys, { currentDate: new Date(Date.now() - 180_000) });
    assert.equal(payload.iss, idp.issuer);
    await assert.rejects(idp.mintExpired(0), TypeError);
    await jwtVerify(await idp.mintForAudience("https://elsewhere.test"), keys, {
      audience: "https://elsewhere.test",
    });
    await jwtVerify(await idp.mint(), keys, { audience: idp.audience });
  });

  it("answers only under its own name, so that no foreign page reaches it through DNS", async () => {
    assert.equal(await askAsHost(idp, new URL(idp.issuer).host), 200);
    assert.equal(await askAsHost(idp, "idp.attacker.test"), 421);
  });
});

describe("the development identity provider's options", () => {
  const silent = (): void => {};

  it("refuse every host that is not loopback", async () => {
    for (const host of ["0.0.0.0", "::", "192.168.1.4", "idp.example.com", ""]) {
      await assert.rejects(
        startDevIdp({ host: host as "127.0.0.1", log: silent }),
        /host: expected one of 127\.0\.0\.1/,
      );
    }
  });

  it("refuse values out of their bounds", async () => {
    await assert.rejects(startDevIdp({ port: 65536, log: silent }), /port: expected a whole number/);
    await assert.rejects(startDevIdp({ accessTokenTtlSeconds: 0, log: silent }), /accessTokenTtlSeconds/);
    await assert.rejects(startDevIdp({ accessTokenTtlSeconds: 86401, log: silent }), /accessTokenTtlSeconds/);
    await assert.rejects(startDevIdp({ jwksMaxAgeSeconds: -1, log: silent }), /jwksMaxAgeSeconds/);
    await assert.rejects(startDevIdp({ audiences: [], log: silent }), /audiences: expected at least one/);
    await assert.rejects(
      startDevIdp({ audiences: ["orders"], log: silent }),
      /audiences\[0\]: expected an absolute URI/,
    );
    await assert.rejects(
      startDevIdp({ algorithm: "HS256" as "ES256", log: silent }),
      /algorithm: expected one of/,
    );
    await assert.rejects(
      startDevIdp({
        clients: [{ clientId: "a", clientSecret: "0123456789abcdef" }, { clientId: "b" }],
        log: silent,
      }),
      /clients\[1\]: .*found none/,
    );
    await assert.rejects(
      startDevIdp({ clients: [{ clientId: "a", clientSecret: "short" }], log: silent }),
      /at least 16 characters/,
    );
    const appOnly = [{ clientId: "a", redirectUris: ["http://127.0.0.1/callback"] }];
    await assert.rejects(startDevIdp({ clients: appOnly, log: silent }), /at least one with a clientSecret/);
    const twice = startDevIdp({ port: -1, audiences: ["https://a.test/#b"], log: silent });
    await assert.rejects(
      twice,
      (error) => error instanceof ConfigurationError && error.problems.length === 2,
    );
  });

  it("that oidc-provider refuses leave no server behind", async () => {
    const probe = await startDevIdp({ log: silent });
    const port = Number(new URL(probe.issuer).port);
    await probe.close();
    const clients = [
      { clientId: "a", clientSecret: "sixteen-or-more-characters", redirectUris: ["http://example.com/x"] },
    ];
    await assert.rejects(startDevIdp({ port, clients, log: silent }), { name: "InvalidClientMetadata" });
    const again = await startDevIdp({ port, log: silent });
    await again.close();
    await again.close();
    await assert.rejects(fetch(again.jwksUri));
  });

  it("choose the lifetime, the signing algorithm and how long keys may be cached", async () => {
    for (const algorithm of ["ES384", "RS256", "PS256", "Ed25519"] as const) {
      const idp = await startDevIdp({
        algorithm,
        accessTokenTtlSeconds: 5,
        jwksMaxAgeSeconds: 0,
        log: silent,
      });
      try {
        const token = await getToken(idp);
        assert.equal(decodeProtectedHeader(token).alg, algorithm);
        const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri)));
        assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 5);
        assert.equal((await fetch(idp.jwksUri)).headers.get("cache-control"), "no-cache");
      } finally {
        await idp.close();
      }
    }
  });
});
