/** A token of oidc-provider that is bound to a client's key, and what oauth4webapi sends with it. */

import assert from "node:assert/strict";
import type { DevIdp } from "@countersign/dev-idp";
import * as oauth from "oauth4webapi";

/** Without a key of the client it goes under Bearer. */
export interface BoundToken {
  readonly token: string;
  readonly dpop?: oauth.DPoPHandle;
}

const INSECURE = { [oauth.allowInsecureRequests]: true };

/** A fresh key, and a token for the provider's default audience that is bound to it. */
export async function getBoundToken(idp: DevIdp): Promise<Required<BoundToken>> {
  const client: oauth.Client = { client_id: idp.clientId };
  const server = { issuer: idp.issuer, token_endpoint: idp.tokenEndpoint };
  const dpop = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.ClientSecretBasic(idp.clientSecret),
    new URLSearchParams({ scope: "orders:read orders:write" }),
    { ...INSECURE, DPoP: dpop },
  );
  const answer = await oauth.processClientCredentialsResponse(server, client, response);
  assert.equal(answer.token_type, "dpop");
  return { token: answer.access_token, dpop };
}

/** Asks as the client does, which remembers the nonces that it is given. Rejects with the challenge of a refusal. */
export function getResource({ token, dpop }: BoundToken, url: URL): Promise<Response> {
  const options = { ...INSECURE, ...(dpop && { DPoP: dpop }) };
  return oauth.protectedResourceRequest(token, "GET", url, undefined, undefined, options);
}

/** What a challenge is about: its scheme and error. */
export function describeChallenge(error: unknown): string {
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  const told = error.cause.find(({ parameters }) => parameters.error !== undefined);
  return told === undefined ? "no error" : `${told.scheme} ${told.parameters.error}`;
}

export function isNonceError(error: unknown): boolean {
  return oauth.isDPoPNonceError(error);
}

/** The headers that the client would send with a GET; each call makes a proof of its own. */
export async function recordHeaders(
  { token, dpop }: BoundToken,
  url: URL,
): Promise<{ readonly authorization: string; readonly dpop: string }> {
  const seen: Headers[] = [];
  const keep: typeof fetch = async (_url, init) => {
    seen.push(new Headers(init?.headers));
    return new Response("");
  };
  await oauth.protectedResourceRequest(token, "GET", url, undefined, undefined, {
    ...INSECURE,
    ...(dpop && { DPoP: dpop }),
    [oauth.customFetch]: keep as never,
  });
  const [headers] = seen;
  return { authorization: headers?.get("authorization") ?? "", dpop: headers?.get("dpop") ?? "" };
}

/** Has the client remember a nonce, as if a server had given it with an answer from there. */
export async function giveNonce({ token, dpop }: BoundToken, url: URL, nonce: string): Promise<void> {
  const answer: typeof fetch = async () => new Response("", { headers: { "DPoP-Nonce": nonce } });
  await oauth.protectedResourceRequest(token, "GET", url, undefined, undefined, {
    ...INSECURE,
    ...(dpop && { DPoP: dpop }),
    [oauth.customFetch]: answer as never,
  });
}
