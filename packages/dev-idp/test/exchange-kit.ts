/** A provider whose clients hand tokens on: app → gateway (API) → reporter (reports) → gateway, and so on. */

import * as oauth from "oauth4webapi";
import type { DevIdp, DevIdpOptions, DevRevocation } from "../src/index.ts";
import { startDevIdp } from "../src/index.ts";
import { type Answer, type Form, post } from "./ask.ts";

export const API = "https://api.countersign.test";
export const REPORTS = "https://reports.countersign.test";
export const OPAQUE = "https://opaque.countersign.test";
export const SECRET = "a secret of more than sixteen";
export const ACCESS = "urn:ietf:params:oauth:token-type:access_token";
export const JWT = "urn:ietf:params:oauth:token-type:jwt";
export const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

export interface ExchangeStage {
  readonly idp: DevIdp;
  readonly told: readonly DevRevocation[];
}

export async function startStage(more: DevIdpOptions = {}): Promise<ExchangeStage> {
  const told: DevRevocation[] = [];
  const idp = await startDevIdp({
    log: () => {},
    audiences: [API, REPORTS, OPAQUE],
    opaqueAudiences: [OPAQUE],
    clients: [
      { clientId: "gateway", clientSecret: SECRET },
      { clientId: "reporter", clientSecret: SECRET },
      { clientId: "silent", clientSecret: SECRET },
      { clientId: "job", clientSecret: SECRET, mayAct: { sub: "reporter" } },
      { clientId: "stranger", clientSecret: SECRET },
      { clientId: "orders-app", redirectUris: ["http://127.0.0.1/callback"] },
    ],
    exchange: [
      { clientId: "gateway", from: [API], to: REPORTS, scopes: ["orders:read"], lifetimeSeconds: 60 },
      { clientId: "gateway", from: [API], to: OPAQUE, scopes: ["orders:read"] },
      { clientId: "reporter", from: [REPORTS, OPAQUE], to: API, scopes: ["orders:read", "orders:write"] },
      { clientId: "silent", from: [API], to: REPORTS, scopes: ["orders:read"], impersonation: true },
    ],
    revocations: async (revocation) => void told.push(revocation),
    ...more,
  });
  return { idp, told };
}

/** A token of a client for itself. */
export async function getToken(idp: DevIdp, clientId: string, form: Form = {}): Promise<string> {
  const asked = { grant_type: "client_credentials", scope: "orders:read orders:write", ...form };
  const { body } = await post(idp.tokenEndpoint, asked, { clientId, secret: SECRET });
  return String(body["access_token"]);
}

export function exchangeToken(
  idp: DevIdp,
  subject: string,
  { by = "gateway", ...form }: Form & { readonly by?: string } = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return post(
    idp.tokenEndpoint,
    { grant_type: EXCHANGE, subject_token: subject, subject_token_type: ACCESS, resource: REPORTS, ...form },
    { clientId: by, secret: SECRET, headers },
  );
}

export async function introspect(idp: DevIdp, token: string): Promise<Answer["body"]> {
  return (await post(idp.introspectionEndpoint, { token }, { clientId: "gateway", secret: SECRET })).body;
}

export function revoke(idp: DevIdp, token: string, by: string): Promise<Answer> {
  return post(idp.revocationEndpoint, { token }, { clientId: by, secret: SECRET });
}

/** A DPoP proof for the token endpoint, each time another. */
export async function prove(idp: DevIdp, pair: oauth.CryptoKeyPair): Promise<Record<string, string>> {
  const handle = oauth.DPoP({}, pair);
  let proof = "";
  await oauth
    .genericTokenEndpointRequest(
      { issuer: idp.issuer, token_endpoint: idp.tokenEndpoint },
      { client_id: "any" },
      oauth.None(),
      "none",
      {},
      {
        DPoP: handle,
        [oauth.allowInsecureRequests]: true,
        [oauth.customFetch]: async (_url, { headers }) => {
          proof = new Headers(headers).get("dpop") ?? "";
          return new Response("{}");
        },
      },
    )
    .catch(() => undefined);
  return { dpop: proof };
}
