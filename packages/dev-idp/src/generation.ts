/** One oidc-provider instance with one set of keys, and how requests reach it. */

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type OidcProvider from "oidc-provider";
import { answerInteraction, isInteraction } from "./interactions.ts";
import { Provider } from "./load-oidc-provider.ts";
import type { DevIdpSettings } from "./options.ts";
import { createProviderConfiguration, type SharedState } from "./provider-configuration.ts";

/** One provider instance and its request handler. oidc-provider reads its keys once, so each key change makes a new one. */
export interface Generation {
  readonly provider: OidcProvider;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export function createGeneration(issuer: string, shared: SharedState): Generation {
  const { jwksMaxAgeSeconds, log } = shared.settings;
  const provider = new Provider(issuer, createProviderConfiguration(shared));
  const cacheControl = jwksMaxAgeSeconds === 0 ? "no-cache" : `public, max-age=${jwksMaxAgeSeconds}`;
  provider.use(async (context, next) => {
    await next();
    const isPublic = context.path === "/jwks" || context.path.startsWith("/.well-known/");
    if (!isPublic || context.method !== "GET" || context.status !== 200) return;
    context.set("Cache-Control", cacheControl);
    context.etag = createHash("sha256").update(JSON.stringify(context.body)).digest("base64url");
    // Not `context.fresh`: fetch sends `Cache-Control: no-cache` with every conditional request.
    if (context.get("If-None-Match") === context.response.get("ETag")) context.status = 304;
  });
  provider.on("server_error", (_context, error) => log(`identity provider: ${error.message}`));
  return { provider, handle: provider.callback() };
}

/** Answers through the generation of this moment; never rejects. */
export function answerRequest(
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  on: { readonly generation: Generation; readonly authority: string; readonly settings: DevIdpSettings },
): void {
  const { request, response } = exchange;
  // Another Host means DNS rebinding or a typing mistake; endpoint addresses would be made from it.
  if (request.headers.host !== on.authority) {
    response.writeHead(421, { "Content-Type": "text/plain" }).end(`Ask for http://${on.authority} instead\n`);
    return;
  }
  const { generation } = on;
  const answered = isInteraction(request)
    ? answerInteraction({ provider: generation.provider, request, response })
    : generation.handle(request, response);
  answered.catch((error: unknown) => {
    on.settings.log(`identity provider: ${error instanceof Error ? error.message : "unknown failure"}`);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
}
