/** What oidc-provider is told. Every default that it warns about is decided here. */

import type { ClientAuthMethod, Configuration, JWTStructured, KoaContextWithOIDC } from "oidc-provider";
import { describeClient } from "./describe-client.ts";
import { describeResources } from "./describe-resource.ts";
import { readExtraClaims } from "./extra-claims.ts";
import type { SigningKeys } from "./key-ring.ts";
import { errors } from "./load-oidc-provider.ts";
import { createAdapter } from "./memory-store.ts";
import { describeMtls } from "./mtls.ts";
import type { DevIdpSettings } from "./options.ts";
import { renderErrorPage, renderLoggedOutPage, renderLogoutPage } from "./pages.ts";
import type { SharedState } from "./shared-state.ts";
import { createInteractionPolicy, DEV_ACR_VALUES } from "./step-up.ts";
import { findUser } from "./users.ts";

/** The state of oidc-provider's feature that we know; it refuses to start once that changes. */
const EXTERNAL_SIGNING = "experimental-01";
const HOUR_SECONDS = 3600;
/** No family of refresh tokens outlives its sign-in by more. */
const MAX_GRANT_SECONDS = 24 * HOUR_SECONDS;

/** What oidc-provider adds against requests into private networks would keep it from this machine, where all of it is. */
function fetchWithoutDispatcher(url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const { dispatcher: _, ...rest } = init as RequestInit & { readonly dispatcher?: unknown };
  return globalThis.fetch(url, rest);
}

/** The lifetime of a token, cut where the consent that it stands on ends. In seconds. */
function endWithGrant(lifetimeSeconds: number, context: KoaContextWithOIDC | undefined): number {
  const endsAt = context?.oidc.entities.Grant?.exp;
  if (endsAt === undefined) return lifetimeSeconds;
  return Math.max(1, Math.min(lifetimeSeconds, endsAt - Math.floor(Date.now() / 1000)));
}

/** All is signed with the keys of the ledger, ID tokens and introspections too: there are no others. */
function describeForeignKeys({ algorithm, isForeign }: SigningKeys): Partial<Configuration> {
  if (!isForeign) return {};
  return {
    clientDefaults: { id_token_signed_response_alg: algorithm, introspection_signed_response_alg: algorithm },
    enabledJWA: { idTokenSigningAlgValues: [algorithm], introspectionSigningAlgValues: [algorithm] },
  };
}

function listClientAuthMethods({ mtlsUrl }: SharedState): ClientAuthMethod[] {
  const always: ClientAuthMethod[] = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
  return mtlsUrl === undefined ? always : [...always, "tls_client_auth", "self_signed_tls_client_auth"];
}

/** Where clients with certificates find the endpoints (RFC 8705 section 5). */
function describeEndpointAliases({ mtlsUrl }: SharedState): Record<string, unknown> {
  if (mtlsUrl === undefined) return {};
  return {
    mtls_endpoint_aliases: {
      token_endpoint: `${mtlsUrl}/token`,
      introspection_endpoint: `${mtlsUrl}/token/introspection`,
      revocation_endpoint: `${mtlsUrl}/token/revocation`,
    },
  };
}

function describeFeatures(shared: SharedState): NonNullable<Configuration["features"]> {
  const { requireDpopNonce } = shared.settings;
  return {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    // Of JWTs too, which are held for it; see structured-tokens.ts.
    introspection: { enabled: true, allowedPolicy: async () => true },
    jwtIntrospection: { enabled: true },
    // A client that shows a proof gets a bound token; nobody has to.
    dPoP: {
      enabled: true,
      allowReplay: false,
      ...(requireDpopNonce ? { nonceSecret: shared.nonceSecret, requireNonce: () => true } : {}),
    },
    mTLS: describeMtls(shared.mtlsUrl !== undefined),
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: describeResources(shared),
    revocation: {
      enabled: true,
      allowedPolicy: async (_context, client, token) => {
        if (client.clientId === token.clientId) return true;
        // Told, and not passed over: RFC 7009 section 2.1.
        throw new errors.UnauthorizedClient("the token was issued to another client");
      },
    },
    ...(shared.ring.isForeign ? { externalSigningSupport: { enabled: true, ack: EXTERNAL_SIGNING } } : {}),
    ...describeLogout(shared.settings),
    userinfo: { enabled: true },
  };
}

/** Logging out, where a client is to be told of it. */
function describeLogout({ clients }: DevIdpSettings) {
  const isTold = clients.some(({ backchannelLogoutUri }) => backchannelLogoutUri !== undefined);
  return {
    backchannelLogout: { enabled: isTold },
    rpInitiatedLogout: {
      enabled: isTold,
      logoutSource: (context: KoaContextWithOIDC, form: string) => {
        context.body = renderLogoutPage(form);
      },
      postLogoutSuccessSource: (context: KoaContextWithOIDC) => {
        context.body = renderLoggedOutPage();
      },
    },
  };
}

/** A configuration for one provider instance; the keys are those of the ring at this moment. */
export function createProviderConfiguration(shared: SharedState): Configuration {
  const { settings, ring, store, structured } = shared;
  return {
    acrValues: [...DEV_ACR_VALUES],
    adapter: (model) => structured.adapt(model, createAdapter(store, model)),
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    clientAuthMethods: listClientAuthMethods(shared),
    clientBasedCORS: () => false,
    clients: settings.clients.map((client) => describeClient(client, settings.exchange.length > 0)),
    ...describeForeignKeys(ring),
    cookies: { keys: [...shared.cookieKeys] },
    discovery: describeEndpointAliases(shared),
    extraTokenClaims: async (context, token) => readExtraClaims(shared, { context, token }),
    features: describeFeatures(shared),
    fetch: fetchWithoutDispatcher,
    findAccount: (_context, subject) => {
      const user = findUser(subject);
      if (user === undefined) return undefined;
      return {
        accountId: subject,
        claims: async () => ({ sub: subject, name: user.name, email: user.email }),
      };
    },
    formats: {
      customizers: {
        jwt: (_context, token, parts: JWTStructured) => {
          Object.assign(parts.payload, shared.overrides.get(token));
          structured.hold(token, parts.payload);
        },
      },
    },
    interactions: {
      policy: createInteractionPolicy(),
      url: (_context, interaction) => `/interaction/${interaction.uid}`,
    },
    jwks: ring.providerJwks(),
    pkce: { required: () => true },
    renderError: async (context, out) => {
      context.type = "html";
      context.body = renderErrorPage(out);
    },
    responseTypes: ["code"],
    rotateRefreshToken: true,
    scopes: ["openid", "offline_access", "profile", "email"],
    ttl: {
      AccessToken: (context) => endWithGrant(settings.accessTokenTtlSeconds, context),
      AuthorizationCode: 60,
      ClientCredentials: settings.accessTokenTtlSeconds,
      Grant: MAX_GRANT_SECONDS,
      IdToken: Math.min(HOUR_SECONDS, ring.maxLifetimeSeconds ?? HOUR_SECONDS),
      Interaction: HOUR_SECONDS,
      RefreshToken: (context) => endWithGrant(settings.refreshIdleSeconds, context),
      Session: 24 * HOUR_SECONDS,
    },
  };
}
