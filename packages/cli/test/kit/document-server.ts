import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestCertificate } from "./self-signed-certificate.ts";

/** What a path answers: a document as JSON, or whatever the function does. */
export type Answer = object | ((request: IncomingMessage, response: ServerResponse) => void);

export interface DocumentServer {
  /** Without a trailing slash. */
  readonly url: string;
  /** By path; others answer 404. */
  readonly answers: Map<string, Answer>;
  readonly requests: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server on loopback whose documents a test sets; https where it gets a certificate. */
export async function startDocumentServer(tls?: TestCertificate): Promise<DocumentServer> {
  const answers = new Map<string, Answer>();
  const requests: string[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request.url ?? "");
    const answer = answers.get(request.url ?? "");
    if (typeof answer === "function") {
      answer(request, response);
      return;
    }
    response.writeHead(answer === undefined ? 404 : 200, {
      "content-type": "application/json",
      "cache-control": "max-age=600",
    });
    response.end(JSON.stringify(answer ?? {}));
  };
  const server: Server =
    tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ cert: tls.certificate, key: tls.privateKey }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    answers,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
