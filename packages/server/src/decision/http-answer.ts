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
export function answerRefusal(refusal: AnsweredRefusal, realm: string | undefined): Answer {
  // A nonce is another one each time.
  if (refusal.rejected.dpopNonce !== undefined) return createRefusalAnswer(refusal, realm);
  const key = nameAnswer(refusal, realm);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const answer = createRefusalAnswer(refusal, realm);
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(key, answer);
  return answer;
}

type AnsweredRefusal = Pick<RefusedDecision, "rejected" | "scopes" | "challenge">;

/** Answers follow from a reason and from configuration, and there are as many as routes have different scopes. */
const MAX_KEPT = 1024;
const kept = new Map<string, Answer>();

function createRefusalAnswer({ rejected, scopes, challenge }: AnsweredRefusal, realm?: string): Answer {
  return answerRejected(rejected, {
    ...(realm !== undefined && { realm }),
    ...(scopes.length > 0 && { scope: scopes }),
    ...challenge,
  });
}

/** Everything that an answer is made of. No part holds a NUL: all of them come from configuration. */
function nameAnswer({ rejected, scopes, challenge }: AnsweredRefusal, realm = "\u0001"): string {
  let name = `${rejected.reason}\0${rejected.retryAfterSeconds}\0${realm}`;
  for (const scope of scopes) name += `\0${scope}`;
  for (const [attribute, value] of Object.entries(challenge ?? {})) {
    name += `\0\0${attribute}\0${Array.isArray(value) ? value.join("\0") : value}`;
  }
  return name;
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
