import type { Configuration } from "../config/configuration.ts";
import { describeResource, locateMetadata } from "../config/resource-metadata.ts";
import type { Answer } from "../decision/http-answer.ts";

/** The resource's metadata where a request asks for it. */
export type FindMetadata = (method: string | undefined, target: string | undefined) => Answer | undefined;

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
}: Pick<Configuration, "resource" | "issuers">): FindMetadata {
  if (resource === undefined) return () => undefined;
  const { path } = locateMetadata(resource);
  const answer: Answer = { status: 200, headers: HEADERS, body: describeResource(resource, issuers) };
  return (method, target) =>
    target === path && (method === "GET" || method === "HEAD") ? answer : undefined;
}
