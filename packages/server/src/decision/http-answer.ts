/** Answers of the sidecar itself, and sending them. */

import type { ServerResponse } from "node:http";

import { answerRejected } from "countersign/http";

import type { RefusedDecision } from "./decision.ts";

/** A whole answer for node's HTTP server. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** More header fields than any client sends. Node's own limit drops the rest without a word, so it is off. */
export const MAX_HEADER_FIELDS = 256;

export const TOO_MANY_FIELDS: Answer = describeProblem({
  status: 431,
  title: "Request Header Fields Too Large",
  detail: `More than ${MAX_HEADER_FIELDS} header fields`,
  code: "too_many_header_fields",
});

/** The HTTP answer of a refusal, with the challenge's realm, the route's scopes, and where the resource is described. */
export function answerRefusal(
  refusal: Pick<RefusedDecision, "rejected" | "scopes" | "challenge">,
  realm: string | undefined,
): Answer {
  return answerRejected(refusal.rejected, {
    ...(realm !== undefined && { realm }),
    ...(refusal.scopes.length > 0 && { scope: refusal.scopes }),
    ...refusal.challenge,
  });
}

/** An answer that is not about a token, as problem details (RFC 9457). */
export function describeProblem(problem: {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: string;
}): Answer {
  const headers = [
    ["Content-Type", "application/problem+json"],
    ["Cache-Control", "no-store"],
  ] as const;
  return { status: problem.status, headers, body: JSON.stringify({ type: "about:blank", ...problem }) };
}

/**
 * Sends a whole answer. Does nothing where the client is gone or an answer has begun.
 * @param isClosing True where the connection is to end with it.
 */
export function respond(response: ServerResponse, answer: Answer, isClosing = false): void {
  if (response.headersSent || response.destroyed) return;
  const { status, headers, body } = answer;
  const fields: string[] = [];
  let saysSo = !isClosing;
  for (const [name, value] of headers) {
    fields.push(name, value);
    if (name === "Connection") saysSo = true;
  }
  fields.push("Content-Length", body === "" ? "0" : String(Buffer.byteLength(body)));
  if (!saysSo) fields.push("Connection", "close");
  response.writeHead(status, fields);
  response.end(body);
}
