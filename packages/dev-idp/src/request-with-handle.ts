/**
 * A request to introspect or revoke, as oidc-provider can answer it: where it names one of our JWTs, which it would
 * not take, it names the handle instead by which the JWT is held.
 */

import { IncomingMessage } from "node:http";
import type { OwnTokens } from "./own-tokens.ts";
import type { StructuredTokens } from "./structured-tokens.ts";

export const INTROSPECTION_PATH = "/token/introspection";
export const REVOCATION_PATH = "/token/revocation";

/** Longest body that is read, in bytes: a token, its type, and an assertion of who asks. */
const MAX_BODY_BYTES = 32_768;

/** True where the request has to go through `replaceToken`. */
export function isAboutToken({ method, url = "" }: IncomingMessage): boolean {
  const [path] = url.split("?");
  return method === "POST" && (path === INTROSPECTION_PATH || path === REVOCATION_PATH);
}

/** Undefined where the body is too long. The original has been read, and is of no use afterwards. */
export async function replaceToken(
  request: IncomingMessage,
  { structured, ownTokens }: { readonly structured: StructuredTokens; readonly ownTokens: OwnTokens },
): Promise<IncomingMessage | undefined> {
  const body = await readBody(request);
  if (body === undefined) return undefined;
  const form = new URLSearchParams(body);
  const tokens = form.getAll("token");
  const [token] = tokens;
  // Several are refused by oidc-provider, which has to see them.
  if (token === undefined || tokens.length > 1) return withBody(request, body);
  const findable = await structured.findableOf(token, ownTokens);
  if (findable === token) return withBody(request, body);
  form.set("token", findable);
  return withBody(request, form.toString());
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function withBody(original: IncomingMessage, body: string): IncomingMessage {
  const bytes = Buffer.from(body);
  const { "transfer-encoding": _, ...headers } = original.headers;
  const request = new IncomingMessage(original.socket);
  request.method = original.method ?? "POST";
  request.url = original.url ?? "";
  request.httpVersion = original.httpVersion;
  request.headers = { ...headers, "content-length": String(bytes.length) };
  // Else its end would be taken for a broken connection.
  request.complete = true;
  request.push(bytes);
  request.push(null);
  return request;
}
