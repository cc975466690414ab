import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { DEV_USERS, type DevIdp, startDevIdp } from "../src/index.ts";
import { Browser } from "./browser.ts";
import { beginFlow, exchange, REDIRECT_URI, signIn, signInAs } from "./sign-in.ts";

describe("authorization code with PKCE", () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startDevIdp({ log: () => {} });
  });
  after(() => idp.close());

  it("signs a user in and gives an access token with their subject, roles and scopes, and an ID token", async () => {
    const [ada] = DEV_USERS;
    const tokens = await signInAs(idp, ada?.subject ?? "");
    const keys = createRemoteJWKSet(new URL(idp.jwksUri));
    const access = await jwtVerify(tokens.access_token, keys, {
      issuer: idp.issuer,
      audience: idp.audience,
      typ: "at+jwt",
    });
    assert.equal(access.payload.sub, ada?.subject);
    assert.equal(access.payload["client_id"], "orders-app");
    assert.equal(access.payload["scope"], "orders:read orders:write");
    assert.deepEqual(access.payload["roles"], ada?.roles);
    const identity = await jwtVerify(tokens.id_token ?? "", keys, { audience: "orders-app" });
    assert.equal(identity.protectedHeader.alg, "RS256");
    assert.equal(identity.payload.sub, ada?.subject);
  });

  it("ends a sign-in that began before a key rotation", async () => {
    const flow = await beginFlow(idp);
    const callback = await signIn(new Browser(), flow, "user-ben");
    const { kid } = await idp.rotate();
    const tokens = await exchange(flow, callback);
    const { payload, protectedHeader } = await jwtVerify(
      tokens.access_token,
      createRemoteJWKSet(new URL(idp.jwksUri)),
    );
    assert.equal(protectedHeader.kid, kid);
    assert.equal(payload.sub, "user-ben");
    idp.removeOldKeys();
  });

  it("refuses an authorization request without PKCE, or with the plain method", async () => {
    for (const changes of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: "plain" },
    ]) {
      const { address } = await beginFlow(idp, changes);
      const { url } = await new Browser().follow(address, REDIRECT_URI);
      assert.equal(new URL(url).searchParams.get("error"), "invalid_request");
    }
  });

  it("refuses a code with another verifier", async () => {
    const flow = await beginFlow(idp);
    const callback = await signIn(new Browser(), flow, "user-cleo");
    const other = { ...flow, verifier: oauth.generateRandomCodeVerifier() };
    await assert.rejects(exchange(other, callback), { error: "invalid_grant" });
  });

  it("refuses redirect addresses that are not registered, with a page and not a redirect", async () => {
    const { address } = await beginFlow(idp, { redirect_uri: "https://attacker.test/callback" });
    const page = await new Browser().ask(address);
    assert.equal(page.status, 400);
    assert.equal(page.location, undefined);
    assert.match(page.text, /invalid_redirect_uri/);
  });

  it("tells the app when the user cancels", async () => {
    const flow = await beginFlow(idp);
    const browser = new Browser();
    const login = await browser.follow(flow.address, REDIRECT_URI);
    const canceled = await browser.ask(`${login.url}/abort`, {});
    const { url } = await browser.follow(canceled.location ?? "", REDIRECT_URI);
    assert.equal(new URL(url).searchParams.get("error"), "access_denied");
  });

  it("signs nobody in who is not in the table, nor from a browser that did not begin the sign-in", async () => {
    const flow = await beginFlow(idp);
    const browser = new Browser();
    const login = await browser.follow(flow.address, REDIRECT_URI);
    assert.equal((await browser.ask(`${login.url}/login`, { subject: "root" })).status, 400);
    assert.equal((await browser.ask(`${login.url}/login`, { subject: "x".repeat(5000) })).status, 400);
    assert.equal((await browser.ask(`${login.url}/consent`, {})).status, 400);
    assert.equal((await new Browser().ask(`${login.url}/login`, { subject: "user-ada" })).status, 400);
    assert.equal((await browser.ask(`${login.url}/login`)).status, 405);
  });
});
