import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { DEV_USERS, type DevIdp, startDevIdp } from "../src/index.ts";
import { Browser } from "./browser.ts";

const REDIRECT_URI = "http://127.0.0.1:45678/callback";
const CLIENT: oauth.Client = { client_id: "orders-app" };
const LOOPBACK = { [oauth.allowInsecureRequests]: true };

interface Flow {
  readonly server: oauth.AuthorizationServer;
  readonly verifier: string;
  readonly state: string;
  readonly address: URL;
}

async function beginFlow(
  idp: DevIdp,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Flow> {
  const issuer = new URL(idp.issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, LOOPBACK));
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const address = new URL(server.authorization_endpoint ?? "");
  const parameters: Record<string, string | undefined> = {
    client_id: CLIENT.client_id,
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: "openid profile orders:read orders:write",
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) address.searchParams.set(name, value);
  return { server, verifier, state, address };
}

/** Walks from the app's redirect through sign-in and consent back to the app's callback. */
async function signIn(browser: Browser, flow: Flow, subject: string): Promise<URL> {
  const login = await browser.follow(flow.address, REDIRECT_URI);
  assert.match(login.text, /Development only.*Sign in as/s);
  const chosen = await browser.ask(`${login.url}/login`, { subject });
  assert.equal(chosen.status, 303);
  const consent = await browser.follow(chosen.location ?? "", REDIRECT_URI);
  assert.match(consent.text, /Allow access.*orders:read at https:\/\/api\.countersign\.test/s);
  const allowed = await browser.ask(`${consent.url}/consent`, {});
  const callback = await browser.follow(allowed.location ?? "", REDIRECT_URI);
  return new URL(callback.url);
}

async function exchange(flow: Flow, callback: URL): Promise<oauth.TokenEndpointResponse> {
  const parameters = oauth.validateAuthResponse(flow.server, CLIENT, callback, flow.state);
  const response = await oauth.authorizationCodeGrantRequest(
    flow.server,
    CLIENT,
    oauth.None(),
    parameters,
    REDIRECT_URI,
    flow.verifier,
    LOOPBACK,
  );
  return oauth.processAuthorizationCodeResponse(flow.server, CLIENT, response, { requireIdToken: true });
}

describe("authorization code with PKCE", () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startDevIdp({ log: () => {} });
  });
  after(() => idp.close());

  it("signs a user in and gives an access token with their subject, roles and scopes, and an ID token", async () => {
    const [ada] = DEV_USERS;
    const flow = await beginFlow(idp);
    const tokens = await exchange(flow, await signIn(new Browser(), flow, ada?.subject ?? ""));
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
