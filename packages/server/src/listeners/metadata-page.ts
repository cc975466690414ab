import type { Configuration } from "../config/configuration.ts";
import { describeResource, locateMetadata } from "../config/resource-metadata.ts";
import type { Answer } from "../decision/http-answer.ts";
import { respond } from "../decision/http-answer.ts";
import type { DoorExchange } from "./http-door.ts";

/** Answers a request for the resource's metadata and gives true; else does nothing and gives false. */
export type ServeMetadata = (exchange: Pick<DoorExchange, "request" | "response" | "isClosing">) => boolean;

const HEADERS = [
  ["Content-Type", "application/json"],
  ["Cache-Control", "public, max-age=300"],
  // Public by purpose: clients in browsers read it before they have any token.
  ["Access-Control-Allow-Origin", "*"],
  ["X-Content-Type-Options", "nosniff"],
] as const;

/**
 * Serves protected resource metadata (RFC 9728 section 3) at its well-known path, to everyone and without a decision:
 * it holds what configuration says and nothing of the request. Only GET and HEAD of exactly that path, without query.
 */
export function createMetadataPage({
  resource,
  issuers,
}: Pick<Configuration, "resource" | "issuers">): ServeMetadata {
  if (resource === undefined) return () => false;
  const { path } = locateMetadata(resource);
  const answer: Answer = { status: 200, headers: HEADERS, body: describeResource(resource, issuers) };
  return ({ request, response, isClosing }) => {
    if (request.url !== path || (request.method !== "GET" && request.method !== "HEAD")) return false;
    respond(response, answer, isClosing());
    return true;
  };
}
