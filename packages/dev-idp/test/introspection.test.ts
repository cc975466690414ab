import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import * as oauth from "oauth4webapi";
import { type DevIdp, startDevIdp } from "../src/index.ts";

const OPAQUE = "https://opaque.countersign.test";
const JWT = "https://api.countersign.test";

describe("introspection", () => {
  const secret = "a secret of more than sixteen";
  let idp: DevIdp;
  let key: oauth.CryptoKey;
  before(async () => {
    const pair = await generateKeyPair("ES256");
    key = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "rs", alg: "ES256", use: "sig" };
    idp = await startDevIdp({
      log: () => {},
      audiences: [JWT, OPAQUE],
      opaqueAudiences: [OPAQUE],
      clients: [
        { clientId: "service", clientSecret: secret },
        { clientId: "poster", clientSecret: secret, authentication: "client_secret_post" },
        { clientId: "keyed", jwks: { keys: [jwk] }, introspectionSigningAlgorithm: "ES256" },
      ],
    });
  });
  after(() => idp.close());

  const ask = async (
    token: string,
    { clientId = "service", how = oauth.ClientSecretBasic(secret), signed = false } = {},
  ): Promise<Response> =>
    oauth.introspectionRequest(
      { issuer: idp.issuer, introspection_endpoint: idp.introspectionEndpoint },
      { client_id: clientId },
      how,
      token,
      { [oauth.allowInsecureRequests]: true, requestJwtResponse: signed },
    );

  it("tells of an opaque token whose it is, and of others nothing", async () => {
    const token = await idp.mint(OPAQUE);
    assert.doesNotMatch(token, /\./);
    const answer = (await (await ask(token)).json()) as Record<string, unknown>;
    assert.equal(answer["active"], true);
    assert.equal(answer["iss"], idp.issuer);
    assert.equal(answer["aud"], OPAQUE);
    assert.deepEqual(await (await ask("nothing-of-the-kind")).json(), { active: false });
  });

  it("takes clients by post and by keys, signs where a client asks for that, and refuses others", async () => {
    const token = await idp.mint(OPAQUE);
    const posted = await ask(token, { clientId: "poster", how: oauth.ClientSecretPost(secret) });
    assert.equal(posted.status, 200);
    const keyed = await ask(token, {
      clientId: "keyed",
      how: oauth.PrivateKeyJwt({ key, kid: "rs" }),
      signed: true,
    });
    assert.match(keyed.headers.get("content-type") ?? "", /^application\/token-introspection\+jwt/);
    assert.equal((await ask(token, { how: oauth.ClientSecretBasic("wrong") })).status, 401);
  });

  it("tells that a revoked token is over", async () => {
    const token = await idp.mint(OPAQUE);
    const revoked = await oauth.revocationRequest(
      { issuer: idp.issuer, revocation_endpoint: idp.revocationEndpoint },
      { client_id: "service" },
      oauth.ClientSecretBasic(secret),
      token,
      { [oauth.allowInsecureRequests]: true },
    );
    assert.equal(revoked.status, 200);
    assert.deepEqual(await (await ask(token)).json(), { active: false });
  });

  it("knows only audiences that are registered", async () => {
    await assert.rejects(startDevIdp({ opaqueAudiences: ["https://other.test"] }), /opaqueAudiences\[0\]/);
  });
});
