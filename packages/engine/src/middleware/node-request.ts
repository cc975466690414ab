/** Requests of node:http, and of what is built on it. Structural: no types of Node are needed. */

import type { HttpAnswer } from "../http/answer-rejected.ts";
import { pairRawHeaders } from "../http/extract-bearer.ts";
import type { GuardedRequest } from "./create-request-guard.ts";

/** The part of `http.IncomingMessage` that is read. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly socket: object;
}

/** The part of `http.ServerResponse` that is written. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

interface TlsSocket {
  getPeerCertificate(): { readonly raw?: Uint8Array };
}

/** A connection's certificate does not change (renegotiation is gone with TLS 1.3), and asking for it is dear. */
const certificates = new WeakMap<object, Uint8Array | "none">();

/** `url` is the whole target, also where a framework has taken a mount point off `request.url`. */
export function describeNodeRequest(request: NodeRequest, url: string | undefined): GuardedRequest {
  const { method = "", socket } = request;
  return {
    headers: pairRawHeaders(request.rawHeaders),
    method,
    url: url ?? request.url ?? "",
    certificate: isTls(socket) ? () => readCertificate(socket) : undefined,
  };
}

export function writeNodeAnswer(response: NodeResponse, { status, headers, body }: HttpAnswer): void {
  response.statusCode = status;
  for (const [name, value] of headers) response.setHeader(name, value);
  response.end(body);
}

function isTls(socket: object): socket is TlsSocket {
  return "getPeerCertificate" in socket && typeof socket.getPeerCertificate === "function";
}

/** Also one that no authority signed: RFC 8705 section 2.2 binds tokens to those as well. */
function readCertificate(socket: TlsSocket): Uint8Array | undefined {
  let known = certificates.get(socket);
  if (known === undefined) {
    known = socket.getPeerCertificate().raw ?? "none";
    certificates.set(socket, known);
  }
  return known === "none" ? undefined : known;
}
