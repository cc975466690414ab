/** One oidc-provider instance with one set of keys, and how requests reach it. */

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type OidcProvider from "oidc-provider";
import type { Door } from "./doors.ts";
import { registerExchangeGrant } from "./exchange/exchange-grant.ts";
import { answerInteraction, isInteraction } from "./interactions.ts";
import { Provider } from "./load-oidc-provider.ts";
import { createProviderConfiguration } from "./provider-configuration.ts";
import { registerRefreshGrant } from "./refresh-grant.ts";
import { isAboutToken, REVOCATION_PATH, replaceToken } from "./request-with-handle.ts";
import type { SharedState } from "./shared-state.ts";

/** One provider instance and its request handler. oidc-provider reads its keys once, so each key change makes a new one. */
export interface Generation {
  readonly provider: OidcProvider;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export function createGeneration(shared: SharedState): Generation {
  const provider = new Provider(shared.issuer, createProviderConfiguration(shared));
  registerRefreshGrant(provider, shared);
  if (shared.settings.exchange.length > 0) registerExchangeGrant(provider, shared);
  addPublicHeaders(provider, shared);
  addRevocationFeed(provider, shared);
  provider.on("server_error", (_context, error) =>
    shared.settings.log(`identity provider: ${error.message}`),
  );
  return { provider, handle: provider.callback() };
}

function addPublicHeaders(provider: OidcProvider, { settings, ring }: SharedState): void {
  provider.use(async (context, next) => {
    await next();
    const isPublic = context.path === "/jwks" || context.path.startsWith("/.well-known/");
    if (!isPublic || context.method !== "GET" || context.status !== 200) return;
    const ofKeys = context.path === "/jwks" ? ring.jwksMaxAgeSeconds : undefined;
    const maxAgeSeconds = ofKeys ?? settings.jwksMaxAgeSeconds;
    context.set("Cache-Control", maxAgeSeconds === 0 ? "no-cache" : `public, max-age=${maxAgeSeconds}`);
    context.etag = createHash("sha256").update(JSON.stringify(context.body)).digest("base64url");
    // Not `context.fresh`: fetch sends `Cache-Control: no-cache` with every conditional request.
    if (context.get("If-None-Match") === context.response.get("ETag")) context.status = 304;
  });
}

/** Nobody is told that a token is revoked before validators can know. */
function addRevocationFeed(provider: OidcProvider, { feed }: SharedState): void {
  provider.use(async (context, next) => {
    await next();
    const isRevocation = context.path === REVOCATION_PATH && context.status === 200;
    // A refresh that was refused may have ended a family.
    if (!isRevocation && !(context.path === "/token" && context.status === 400)) return;
    try {
      await feed.flush();
    } catch {
      if (!isRevocation) return;
      // RFC 7009 section 2.2.1: the client takes the token to be good still, and asks again.
      context.status = 503;
      context.set("Retry-After", "1");
      context.body = { error: "temporarily_unavailable", error_description: "validators cannot be told now" };
    }
  });
}

/** Answers through the generation of this moment; never rejects. */
export function answerRequest(
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  on: { readonly generation: Generation; readonly door: Omit<Door, "server">; readonly shared: SharedState },
): void {
  const { request, response } = exchange;
  // Another Host means DNS rebinding or a typing mistake; endpoint addresses would be made from it.
  if (request.headers.host !== on.door.authority) {
    response
      .writeHead(421, { "Content-Type": "text/plain" })
      .end("Ask for the provider's own address instead\n");
    return;
  }
  if (request.url?.startsWith(on.door.pathPrefix) !== true) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("Only tokens are given out here\n");
    return;
  }
  chooseAnswer(exchange, on).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : "unknown failure";
    on.shared.settings.log(`identity provider: ${detail}`);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
}

async function chooseAnswer(
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  on: { readonly generation: Generation; readonly shared: SharedState },
): Promise<void> {
  const { request, response } = exchange;
  const { provider, handle } = on.generation;
  if (isInteraction(request)) return answerInteraction({ provider, request, response });
  if (!isAboutToken(request)) return handle(request, response);
  const replaced = await replaceToken(request, on.shared);
  if (replaced !== undefined) return handle(replaced, response);
  response.writeHead(413, { Connection: "close" }).end();
}
