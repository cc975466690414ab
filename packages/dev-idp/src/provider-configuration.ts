/** What oidc-provider is told. Every default that it warns about is decided here. */

import type {
  ClientAuthMethod,
  ClientMetadata,
  Configuration,
  JWTStructured,
  KoaContextWithOIDC,
  ResourceServer,
} from "oidc-provider";
import type { KeyRing } from "./key-ring.ts";
import { errors } from "./load-oidc-provider.ts";
import { createAdapter, type MemoryStore } from "./memory-store.ts";
import { API_SCOPES, type DevClientOptions, type DevIdpSettings } from "./options.ts";
import { renderErrorPage, renderLoggedOutPage, renderLogoutPage } from "./pages.ts";
import { findUser } from "./users.ts";

/** What the provider instances of one server share while they follow each other. */
export interface SharedState {
  readonly settings: DevIdpSettings;
  readonly ring: KeyRing;
  readonly store: MemoryStore;
  readonly cookieKeys: readonly string[];
  /** Claims that replace those of one token that is about to be signed; see `mint-token.ts`. */
  readonly overrides: WeakMap<object, Readonly<Record<string, unknown>>>;
}

/** Of the session in which the code or refresh token was given out; undefined where its client is not told of logouts. */
function findSessionId(context: KoaContextWithOIDC | undefined): string | undefined {
  const { AuthorizationCode, RefreshToken } = context?.oidc.entities ?? {};
  return (AuthorizationCode ?? RefreshToken)?.sid;
}

/** What oidc-provider adds against requests into private networks would keep it from this machine, where all of it is. */
function fetchWithoutDispatcher(url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const { dispatcher: _, ...rest } = init as RequestInit & { readonly dispatcher?: unknown };
  return globalThis.fetch(url, rest);
}

const HOUR_SECONDS = 3600;

function describeClient(client: DevClientOptions): ClientMetadata {
  const { clientId, clientSecret, redirectUris = [], jwks } = client;
  const { introspectionSigningAlgorithm: signing, backchannelLogoutUri: logoutUri } = client;
  const grantTypes: string[] = [];
  if (redirectUris.length > 0) grantTypes.push("authorization_code", "refresh_token");
  if (clientSecret !== undefined || jwks !== undefined) grantTypes.push("client_credentials");
  return {
    client_id: clientId,
    client_name: clientId,
    grant_types: grantTypes,
    redirect_uris: [...redirectUris],
    response_types: redirectUris.length > 0 ? ["code"] : [],
    // Native: a loopback redirect fits on whatever port the app took (RFC 8252 section 7.3).
    application_type: redirectUris.length > 0 ? "native" : "web",
    token_endpoint_auth_method: chooseAuthentication(client),
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    ...(jwks === undefined ? {} : { jwks: { keys: jwks.keys.map((key) => ({ ...key })) } }),
    ...(signing === undefined ? {} : { introspection_signed_response_alg: signing }),
    ...(logoutUri === undefined
      ? {}
      : { backchannel_logout_uri: logoutUri, backchannel_logout_session_required: true }),
  };
}

function chooseAuthentication({
  clientSecret,
  authentication = "client_secret_basic",
  jwks,
}: DevClientOptions): ClientAuthMethod {
  if (clientSecret !== undefined) return authentication;
  return jwks === undefined ? "none" : "private_key_jwt";
}

/** JWT access tokens (RFC 9068) for every registered audience (RFC 8707), signed by the ring's signing key. */
function describeResources({ settings, ring }: SharedState) {
  return {
    enabled: true,
    defaultResource: (_context: unknown, _client: unknown, oneOf?: readonly string[]) =>
      oneOf?.[0] ?? settings.defaultAudience,
    useGrantedResource: () => true,
    getResourceServerInfo: (_context: unknown, audience: string) => {
      if (!settings.audiences.includes(audience)) throw new errors.InvalidTarget();
      return describeResource({ audience, settings, ring });
    },
  };
}

/** What oidc-provider calls a resource server. The kid pins the signing key, whatever else is published. */
export function describeResource(of: {
  readonly audience: string;
  readonly settings: DevIdpSettings;
  readonly ring: KeyRing;
}): ResourceServer {
  return {
    audience: of.audience,
    scope: API_SCOPES.join(" "),
    accessTokenTTL: of.settings.accessTokenTtlSeconds,
    accessTokenFormat: of.settings.opaqueAudiences.includes(of.audience) ? "opaque" : "jwt",
    jwt: { sign: { alg: of.ring.algorithm, kid: of.ring.signingKid } },
  };
}

function describeFeatures(shared: SharedState): NonNullable<Configuration["features"]> {
  return {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    // Of opaque tokens only: oidc-provider keeps nothing of a JWT that it could tell.
    introspection: { enabled: true, allowedPolicy: async () => true },
    jwtIntrospection: { enabled: true },
    // A client that shows a proof gets a bound token; nobody has to.
    dPoP: { enabled: true, allowReplay: false },
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: describeResources(shared),
    revocation: {
      enabled: true,
      allowedPolicy: async (_context, client, token) => client.clientId === token.clientId,
    },
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
  const { settings, ring, store } = shared;
  return {
    adapter: (model) => createAdapter(store, model),
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    clientBasedCORS: () => false,
    clients: settings.clients.map(describeClient),
    cookies: { keys: [...shared.cookieKeys] },
    extraTokenClaims: async (context, token) => {
      const user = "accountId" in token ? findUser(token.accountId) : undefined;
      if (user === undefined) return undefined;
      const sid = findSessionId(context);
      return { roles: [...user.roles], ...(sid !== undefined && { sid }) };
    },
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
        },
      },
    },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    jwks: ring.privateJwks(),
    pkce: { required: () => true },
    renderError: async (context, out) => {
      context.type = "html";
      context.body = renderErrorPage(out);
    },
    responseTypes: ["code"],
    scopes: ["openid", "offline_access", "profile", "email"],
    ttl: {
      AccessToken: settings.accessTokenTtlSeconds,
      AuthorizationCode: 60,
      ClientCredentials: settings.accessTokenTtlSeconds,
      Grant: 24 * HOUR_SECONDS,
      IdToken: HOUR_SECONDS,
      Interaction: HOUR_SECONDS,
      RefreshToken: 24 * HOUR_SECONDS,
      Session: 24 * HOUR_SECONDS,
    },
  };
}
