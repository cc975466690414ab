/** An HTTP server of key sets and metadata on loopback, with faults to switch on while it runs. For tests. */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type KeyServerFault, sendFault } from "./key-server-faults.ts";

export type { KeyServerFault } from "./key-server-faults.ts";

/** A value to send as JSON, or a function that gives it for each request. */
export type KeyServerDocument = object | (() => object);

export interface KeyServerRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The status answered; undefined while it is hanging and where the connection was cut. */
  status: number | undefined;
}

/**
 * @example
 * const server = await startKeyServer();
 * server.documents.set("/jwks", { keys: [publicJwk] });
 * server.faults.set("/jwks", { status: 500 });
 * // … use `${server.url}/jwks`, then
 * await server.close();
 */
export interface KeyServer {
  /** "http://127.0.0.1:port", without a trailing slash. */
  readonly url: string;
  /** By path; others answer 404. An entry may be replaced at any time. */
  readonly documents: Map<string, KeyServerDocument>;
  /** By path, or "*" for every path. Delete an entry to switch it off. */
  readonly faults: Map<string, KeyServerFault>;
  /** Headers of every good answer, in lower case; `date` here replaces the real one. At first none. */
  readonly headers: Map<string, string>;
  /** Whether answers carry an `ETag` and `If-None-Match` is answered with 304. At first false. */
  sendsEtag: boolean;
  /** Requests so far, the oldest first; the last 10,000. */
  readonly requests: readonly KeyServerRequest[];
  /** How many requests there were for a path, or altogether. */
  countRequests(path?: string): number;
  /** Stops listening, so that connections are refused; `resume` listens on the same port again. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Cuts what is open and stops listening; idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const MAX_LOGGED_REQUESTS = 10_000;

/** Starts a server on a free port of 127.0.0.1. Needs Node's `http`, which Bun and Deno have as well. */
export async function startKeyServer(): Promise<KeyServer> {
  const server = new LocalKeyServer();
  await server.resume();
  return server;
}

class LocalKeyServer implements KeyServer {
  readonly documents = new Map<string, KeyServerDocument>();
  readonly faults = new Map<string, KeyServerFault>();
  readonly headers = new Map<string, string>();
  readonly requests: KeyServerRequest[] = [];
  sendsEtag = false;
  #server: Server | undefined;
  #port = 0;
  readonly #counts = new Map<string, number>();

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  countRequests(path?: string): number {
    if (path !== undefined) return this.#counts.get(path) ?? 0;
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async resume(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async pause(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  close(): Promise<void> {
    return this.pause();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const entry: KeyServerRequest = { path, headers: request.headers, status: undefined };
    this.requests.push(entry);
    if (this.requests.length > MAX_LOGGED_REQUESTS) this.requests.shift();
    this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
    // A client that goes away while a fault is being played is what these tests are about.
    response.on("error", () => undefined);
    const fault = this.faults.get(path) ?? this.faults.get("*");
    const body = this.#bodyOf(path);
    for (const [name, value] of this.headers) response.setHeader(name, value);
    if (fault !== undefined) sendFault(response, { fault, body: body ?? "" });
    else this.#sendDocument(response, { body, ifNoneMatch: request.headers["if-none-match"] });
    entry.status = response.headersSent ? response.statusCode : undefined;
  }

  #sendDocument(
    response: ServerResponse,
    { body, ifNoneMatch }: { readonly body: string | undefined; readonly ifNoneMatch: string | undefined },
  ): void {
    if (body === undefined) {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not Found");
      return;
    }
    const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
    if (this.sendsEtag) response.setHeader("etag", etag);
    if (this.sendsEtag && ifNoneMatch === etag) response.writeHead(304).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(body);
  }

  #bodyOf(path: string): string | undefined {
    const document = this.documents.get(path);
    if (document === undefined) return undefined;
    return JSON.stringify(typeof document === "function" ? (document as () => object)() : document);
  }
}
