/** Clients, as oidc-provider registers them. */

import type { ClientAuthMethod, ClientMetadata } from "oidc-provider";
import { type DevClientOptions, isTlsAuthentication } from "./client-options.ts";
import { EXCHANGE_GRANT } from "./exchange/exchange-request.ts";

/** `mayExchange`: some client may exchange tokens; who, says the policy. */
export function describeClient(client: DevClientOptions, mayExchange: boolean): ClientMetadata {
  const { clientId, clientSecret, redirectUris = [], jwks, certificateDnsName } = client;
  const { introspectionSigningAlgorithm: signing, backchannelLogoutUri: logoutUri } = client;
  const grantTypes: string[] = [];
  if (redirectUris.length > 0) grantTypes.push("authorization_code", "refresh_token");
  const authentication = chooseAuthentication(client);
  if (authentication !== "none") grantTypes.push("client_credentials");
  if (mayExchange) grantTypes.push(EXCHANGE_GRANT);
  return {
    client_id: clientId,
    client_name: clientId,
    grant_types: grantTypes,
    redirect_uris: [...redirectUris],
    response_types: redirectUris.length > 0 ? ["code"] : [],
    // Native: a loopback redirect fits on whatever port the app took (RFC 8252 section 7.3).
    application_type: redirectUris.length > 0 ? "native" : "web",
    token_endpoint_auth_method: authentication,
    dpop_bound_access_tokens: client.dpopBound === true,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    ...(jwks === undefined ? {} : { jwks: { keys: jwks.keys.map((key) => ({ ...key })) } }),
    ...(signing === undefined ? {} : { introspection_signed_response_alg: signing }),
    ...(client.certificateBound === true ? { tls_client_certificate_bound_access_tokens: true } : {}),
    ...(certificateDnsName === undefined ? {} : { tls_client_auth_san_dns: certificateDnsName }),
    ...(logoutUri === undefined
      ? {}
      : { backchannel_logout_uri: logoutUri, backchannel_logout_session_required: true }),
  };
}

function chooseAuthentication({ clientSecret, authentication, jwks }: DevClientOptions): ClientAuthMethod {
  if (isTlsAuthentication(authentication)) return authentication ?? "none";
  if (clientSecret !== undefined) return authentication ?? "client_secret_basic";
  return jwks === undefined ? "none" : "private_key_jwt";
}
