/** Authorization code with PKCE as an app and a person walk through it; driven by oauth4webapi. */

import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import type { DevIdp } from "../src/index.ts";
import { Browser } from "./browser.ts";

export const REDIRECT_URI = "http://127.0.0.1:45678/callback";
const CLIENT: oauth.Client = { client_id: "orders-app" };
const LOOPBACK = { [oauth.allowInsecureRequests]: true };

export interface Flow {
  readonly server: oauth.AuthorizationServer;
  readonly verifier: string;
  readonly state: string;
  readonly address: URL;
}

export async function beginFlow(
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
export async function signIn(browser: Browser, flow: Flow, subject: string, acr?: string): Promise<URL> {
  const login = await browser.follow(flow.address, REDIRECT_URI);
  assert.match(login.text, /Development only.*Sign in as/s);
  const chosen = await browser.ask(`${login.url}/login`, { subject, ...(acr === undefined ? {} : { acr }) });
  assert.equal(chosen.status, 303);
  const consent = await browser.follow(chosen.location ?? "", REDIRECT_URI);
  assert.match(consent.text, /Allow access.*orders:read at https:\/\/api\.countersign\.test/s);
  const allowed = await browser.ask(`${consent.url}/consent`, {});
  const callback = await browser.follow(allowed.location ?? "", REDIRECT_URI);
  return new URL(callback.url);
}

export async function exchange(
  flow: Flow,
  callback: URL,
  dpop?: oauth.DPoPHandle,
): Promise<oauth.TokenEndpointResponse> {
  const parameters = oauth.validateAuthResponse(flow.server, CLIENT, callback, flow.state);
  const response = await oauth.authorizationCodeGrantRequest(
    flow.server,
    CLIENT,
    oauth.None(),
    parameters,
    REDIRECT_URI,
    flow.verifier,
    { ...LOOPBACK, ...(dpop === undefined ? {} : { DPoP: dpop }) },
  );
  return oauth.processAuthorizationCodeResponse(flow.server, CLIENT, response, { requireIdToken: true });
}

/** The whole walk in one step. */
export async function signInAs(idp: DevIdp, subject: string): Promise<oauth.TokenEndpointResponse> {
  const flow = await beginFlow(idp);
  return exchange(flow, await signIn(new Browser(), flow, subject));
}

/** A sign-in that outlasts its session: with a refresh token. */
export async function signInOffline(
  idp: DevIdp,
  { subject = "user-ada", dpop }: { readonly subject?: string; readonly dpop?: oauth.DPoPHandle } = {},
): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
  const scope = "openid offline_access orders:read orders:write";
  const flow = await beginFlow(idp, { scope, prompt: "consent" });
  const tokens = await exchange(flow, await signIn(new Browser(), flow, subject), dpop);
  assert.ok(tokens.refresh_token);
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}
