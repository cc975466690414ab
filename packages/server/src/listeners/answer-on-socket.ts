/** Answers where node has no response object: what its parser refused, and protocols that are not spoken here. */

import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

import { type Answer, describeProblem } from "../decision/http-answer.ts";

// Closing a socket with unread bytes resets it, and a reset may overtake the answer: a gateway then sees
// a broken connection instead of the refusal. Longer than one round trip, shorter than anybody waits.
const LINGER_MS = 1000;

const PROBLEMS: Readonly<Record<number, Answer>> = {
  400: describeProblem({
    status: 400,
    title: "Bad Request",
    detail: "The request is not well-formed HTTP",
    code: "malformed_http",
  }),
  408: describeProblem({
    status: 408,
    title: "Request Timeout",
    detail: "The request did not arrive in time",
    code: "request_timeout",
  }),
  413: describeProblem({
    status: 413,
    title: "Content Too Large",
    detail: "A chunk of the body has extensions that are too long",
    code: "chunk_extensions_too_long",
  }),
  431: describeProblem({
    status: 431,
    title: "Request Header Fields Too Large",
    detail: "The header section is longer than the listener takes",
    code: "header_section_too_long",
  }),
};

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

const answered = new WeakSet<Duplex>();

/** Answers what node's parser refused, unless an answer to an earlier request has begun on the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  // The parser tells of each part that comes after the one that it refused.
  if (answered.has(socket)) return;
  answered.add(socket);
  if (!socket.writable || error.code === "ECONNRESET" || hasBegunAnswer(socket)) {
    socket.destroy();
    return;
  }
  const problem = PROBLEMS[STATUS_OF_CODE[error.code ?? ""] ?? 400];
  if (problem === undefined) socket.destroy();
  else answerOnSocket(socket, problem);
}

/** Sends the answer, ends the connection, and reads for a while what still comes, so that the answer arrives. */
export function answerOnSocket(socket: Duplex, { status, headers, body }: Answer): void {
  socket.on("error", () => socket.destroy());
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  lines.push("Connection: close", `Content-Length: ${Buffer.byteLength(body)}`, "", body);
  socket.end(lines.join("\r\n"));
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  socket.once("end", () => socket.destroy());
  socket.resume();
}

/** Node's own mark of the response that a connection is at; nothing public tells it. */
function hasBegunAnswer(
  socket: Duplex & { readonly _httpMessage?: { readonly headersSent: boolean } | null },
): boolean {
  return socket._httpMessage?.headersSent === true;
}
