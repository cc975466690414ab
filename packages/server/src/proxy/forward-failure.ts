import type { ForwardFailure } from "../decision/decision-event.ts";
import type { Answer } from "../decision/http-answer.ts";
import { BodyTooLargeError } from "./limit-body.ts";

/** nginx's number for a client that left; it is only told, never sent. */
const CLIENT_ABORTED_STATUS = 499;

const ANSWERS: Readonly<
  Record<ForwardFailure, { readonly status: number; readonly title: string; readonly detail: string }>
> = {
  body_too_large: {
    status: 413,
    title: "Content Too Large",
    detail: "The request body is longer than the proxy takes",
  },
  upstream_unreachable: {
    status: 502,
    title: "Bad Gateway",
    detail: "The service behind the proxy cannot be reached",
  },
  upstream_bad_answer: {
    status: 502,
    title: "Bad Gateway",
    detail: "The service behind the proxy gave no valid answer",
  },
  upstream_timeout: {
    status: 504,
    title: "Gateway Timeout",
    detail: "The service behind the proxy did not answer in time",
  },
  client_aborted: {
    status: CLIENT_ABORTED_STATUS,
    title: "Client Closed Request",
    detail: "The client left",
  },
};

const TIMEOUTS = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);
const BROKEN_CONNECTION = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);

/** Names what undici or the body's limit reported. */
export function classifyFailure(error: unknown): ForwardFailure {
  if (error instanceof BodyTooLargeError) return "body_too_large";
  const code = codeOf(error);
  if (TIMEOUTS.has(code)) return "upstream_timeout";
  if (code === "UND_ERR_ABORTED" || (error instanceof Error && error.name === "AbortError"))
    return "client_aborted";
  return UNREACHABLE.has(code) || code.startsWith("ERR_TLS") || code.startsWith("CERT_")
    ? "upstream_unreachable"
    : "upstream_bad_answer";
}

/** True where the connection ended before an answer: a kept-alive one may have been closed under the request. */
export function isBrokenConnection(error: unknown): boolean {
  return BROKEN_CONNECTION.has(codeOf(error));
}

/** Problem details (RFC 9457) of a failure; nothing of the upstream in it. */
export function answerFailure(failure: ForwardFailure): Answer {
  const { status, title, detail } = ANSWERS[failure];
  const headers = [
    ["Content-Type", "application/problem+json"],
    ["Cache-Control", "no-store"],
    // What is left of the request's body is not worth reading.
    ["Connection", "close"],
  ] as const;
  return {
    status,
    headers,
    body: JSON.stringify({ type: "about:blank", title, status, detail, code: failure }),
  };
}

/** The error's own code, or that of the first cause that has one. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return "";
}
