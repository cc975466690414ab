/** Token exchange (RFC 8693) as a grant of oidc-provider. */

import type OidcProvider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import {
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  checkMtlsCert,
  type DpopProof,
  validateDpop,
} from "oidc-provider/lib/helpers/grants.js";
import { describeResource } from "../describe-resource.ts";
import { errors } from "../load-oidc-provider.ts";
import { keyOf, keyOfStructured } from "../memory-store.ts";
import { thumbprintOf } from "../mtls.ts";
import type { SharedState } from "../shared-state.ts";
import { type Actor, extendActChain, requireMayAct } from "./delegation.ts";
import {
  EXCHANGE_GRANT,
  EXCHANGE_PARAMETERS,
  type ExchangeRequest,
  JWT_TYPE,
  REPEATABLE_PARAMETERS,
  readExchangeRequest,
} from "./exchange-request.ts";
import { chooseRule, narrowLifetime, narrowScopes } from "./narrowing.ts";
import { type GoodToken, readShownToken } from "./shown-token.ts";

/** Claims of the subject that stay true in whatever its token is exchanged for. */
const KEPT_CLAIMS: readonly string[] = ["acr", "auth_time", "sid", "roles", "may_act"];

interface Exchange {
  readonly provider: OidcProvider;
  readonly context: KoaContextWithOIDC;
  readonly shared: SharedState;
  readonly clientId: string;
}

export function registerExchangeGrant(provider: OidcProvider, shared: SharedState): void {
  provider.registerGrantType(
    EXCHANGE_GRANT,
    async (context) => {
      const { clientId } = context.oidc.client;
      requireClient(context, shared);
      const request = readExchangeRequest(context.oidc.params);
      await answerExchange({ provider, context, shared, clientId }, request);
    },
    EXCHANGE_PARAMETERS,
    REPEATABLE_PARAMETERS,
  );
}

/** @throws InvalidClient, UnauthorizedClient */
function requireClient({ oidc: { client } }: KoaContextWithOIDC, { settings }: SharedState): void {
  // Anybody can say that they are a public client.
  if (client === undefined || client.clientAuthMethod === "none") {
    throw Object.assign(new errors.InvalidClient("client authentication is required"), {
      status: 401,
      statusCode: 401,
    });
  }
  if (settings.exchange.some(({ clientId }) => clientId === client.clientId)) return;
  throw new errors.UnauthorizedClient("no rule lets this client exchange tokens");
}

async function answerExchange(on: Exchange, request: ExchangeRequest): Promise<void> {
  const { provider, shared, clientId } = on;
  const { settings } = shared;
  const reader = { provider, structured: shared.structured, own: shared.ownTokens };
  const subject = await readShownToken("subject", { shown: request.subject, reader });
  const actor =
    request.actor === undefined ? undefined : await readShownToken("actor", { shown: request.actor, reader });
  const rule = chooseRule(settings.exchange, { clientId, target: request.target, subject });
  const act = readDelegation(on, { subject, actor, isSilent: rule.impersonation === true });
  const scope = narrowScopes(request.scopes, { subject, rule }).join(" ");
  const lifetimeSeconds = narrowLifetime(actor === undefined ? [subject] : [subject, actor], {
    nowSeconds: Math.floor(Date.now() / 1000),
    longest: rule.lifetimeSeconds ?? settings.accessTokenTtlSeconds,
  });
  const isOpaque = settings.opaqueAudiences.includes(request.target);
  if (isOpaque && request.requestedType === JWT_TYPE) {
    throw new errors.InvalidRequest("tokens for the target are opaque; ask for an access_token");
  }
  const binding = await readBinding(on, actor === undefined ? [subject] : [subject, actor]);
  await issue(on, { request, subject, actor, act, scope, lifetimeSeconds, binding });
}

/** `act` of the new token. @throws InvalidRequest where the actor is not who may act, or not the client's own. */
function readDelegation(
  { shared, clientId }: Exchange,
  of: { readonly subject: GoodToken; readonly actor: GoodToken | undefined; readonly isSilent: boolean },
): unknown {
  const { subject, actor: shown, isSilent } = of;
  // An actor's token that another client was given says nothing of who asks now.
  if (shown !== undefined && shown.clientId !== clientId) {
    throw new errors.InvalidRequest("the actor_token was given to another client");
  }
  const actor: Actor = { subject: shown?.subject ?? clientId, clientId };
  requireMayAct(actor, { claims: subject.claims, issuer: shared.issuer });
  const before = subject.claims["act"];
  if (isSilent && shown === undefined) return before;
  return extendActChain(actor, { before, maxDepth: shared.settings.maxDelegationDepth });
}

interface Binding {
  readonly proof: DpopProof | undefined;
  readonly certificate: ReturnType<typeof checkMtlsCert>;
}

/**
 * The key that the new token is bound to: the caller's own. A bound token never becomes one that is not, and one that
 * was given to the caller itself is only good with the key that it was given for.
 */
async function readBinding(on: Exchange, tokens: readonly GoodToken[]): Promise<Binding> {
  const { provider, context, clientId } = on;
  const proof = await validateDpop(provider, context);
  checkDpopRequired(provider, context, proof, errors.InvalidRequest);
  const certificate = checkMtlsCert(provider, context, errors.InvalidRequest);
  const thumbprint = proof?.thumbprint ?? (certificate && thumbprintOf(certificate));
  for (const token of tokens) {
    if (token.boundTo === undefined) continue;
    if (thumbprint === undefined) {
      throw new errors.InvalidRequest(
        "a token that is bound to a key is exchanged with proof of the caller's key",
      );
    }
    if (token.clientId === clientId && token.boundTo !== thumbprint) {
      throw new errors.InvalidRequest("the token was given to this client for another key");
    }
  }
  await checkDpopReplay(provider, context, proof, clientId, errors.InvalidDpopProof);
  return { proof, certificate };
}

async function issue(
  { provider, context, shared }: Exchange,
  of: {
    readonly request: ExchangeRequest;
    readonly subject: GoodToken;
    readonly actor: GoodToken | undefined;
    readonly act: unknown;
    readonly scope: string;
    readonly lifetimeSeconds: number;
    readonly binding: Binding;
  },
): Promise<void> {
  const { request, subject, actor, act, scope, lifetimeSeconds, binding } = of;
  const { settings, ring } = shared;
  const { client } = context.oidc;
  if (client === undefined) throw new errors.InvalidClient();
  const resource = describeResource({ audience: request.target, settings, ring });
  const token = new provider.AccessToken({
    accountId: subject.subject,
    client,
    expiresIn: lifetimeSeconds,
    // Nobody consented to this client: the token stands on those that it came from.
    grantId: "",
    gty: EXCHANGE_GRANT,
    resourceServer: new provider.ResourceServer(request.target, resource),
    scope,
  });
  if (binding.proof !== undefined) token.setThumbprint("jkt", binding.proof.thumbprint);
  if (binding.certificate !== undefined) token.setThumbprint("x5t", binding.certificate);
  const kept = KEPT_CLAIMS.filter((name) => subject.claims[name] !== undefined);
  shared.exchanged.set(token, {
    ...Object.fromEntries(kept.map((name) => [name, subject.claims[name]])),
    ...(act === undefined ? {} : { act }),
  });
  context.oidc.entity("AccessToken", token);
  const accessToken = await token.save();
  const key = token.jti === accessToken ? keyOf(token.kind, accessToken) : keyOfStructured(token.jti);
  const parents = actor === undefined ? [subject.key] : [subject.key, actor.key];
  // They may have been taken back while this one was made.
  if (!shared.store.derive(key, parents)) {
    throw new errors.InvalidRequest("subject_token or actor_token was revoked");
  }
  context.body = buildTokenResponse(provider, {
    accessToken,
    expiresIn: lifetimeSeconds,
    issuedTokenType: request.requestedType,
    scope,
    tokenType: token.tokenType,
  });
}
