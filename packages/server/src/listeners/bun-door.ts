/**
 * A door of Bun's HTTP server: the same questions and answers at half the cost of node's. Its requests are edited:
 * it resolves targets and joins repeated header fields, so that what depends on either is refused (docs/decisions/0014).
 */

import { chmod, lstat, rm } from "node:fs/promises";
import http from "node:http";

import type { ListenAddress } from "../config/configuration.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import { identifyPeer, type Peer } from "../config/trusted-proxies.ts";
import { type Answer, describeProblem } from "../decision/http-answer.ts";
import type { DoorName, HttpDoorLimits, LimitedDoor } from "./door.ts";
import { removeStaleSocket, SOCKET_MODE } from "./listen.ts";
import type { AnswerQuestion } from "./question.ts";

/** What is used of Bun: https://bun.sh/docs/api/http. */
interface BunServer {
  readonly port: number | undefined;
  readonly pendingRequests: number;
  requestIP(request: Request): { readonly address: string } | null;
  /** Resolves when nothing is in flight any more. */
  stop(closeActiveConnections?: boolean): Promise<void>;
}

interface BunRuntime {
  serve(options: {
    readonly hostname?: string;
    readonly port?: number;
    readonly unix?: string;
    readonly development: boolean;
    readonly reusePort: boolean;
    readonly idleTimeout: number;
    readonly maxRequestBodySize: number;
    fetch(request: Request, server: BunServer): Response | Promise<Response>;
    error(): Response;
  }): BunServer;
}

export interface BunDoorSetup {
  readonly name: DoorName;
  readonly address: ListenAddress;
  readonly limits: HttpDoorLimits;
  readonly answer: AnswerQuestion;
  /** Told of each request that was refused because there were too many. */
  onDropped?(): void;
}

// Longer than gateways keep idle connections, so that they close them and not we under a request. A header section
// has Bun's own 10 s, however slowly it comes.
const IDLE_SECONDS = 75;
/** Of a body that nobody reads. */
const MAX_BODY_BYTES = 1024 * 1024;
// A request may be on its way on a connection that looks idle.
const IDLE_GRACE_MS = 500;

const TOO_MANY = describeProblem({
  status: 503,
  title: "Service Unavailable",
  detail: "Too many requests at the same time",
  code: "too_many_requests",
});
const DEFECT = describeProblem({
  status: 503,
  title: "Service Unavailable",
  detail: "The request could not be judged",
  code: "internal_error",
});
const NOT_IMPLEMENTED = describeProblem({
  status: 501,
  title: "Not Implemented",
  detail: "CONNECT is not answered here",
  code: "protocol_not_supported",
});

const NOT_SHARED = Object.assign(
  new Error("processes on Bun cannot share a Unix socket: set `workers: 1`, or listen on a port"),
  { code: "ENOTSUP" },
);

export class BunDoor implements LimitedDoor {
  readonly name: DoorName;
  readonly address: ListenAddress;
  readonly #setup: BunDoorSetup;
  #maxPending: number;
  #server: BunServer | undefined;
  #draining = false;
  #closing: Promise<void> | undefined;

  constructor(setup: BunDoorSetup) {
    this.name = setup.name;
    this.address = setup.address;
    this.#setup = setup;
    this.#maxPending = setup.limits.maxConnections;
  }

  /** Of connections, Bun bounds none; those with a request in flight are bounded here. */
  apply({ maxConnections, maxHeaderBytes }: HttpDoorLimits): void {
    this.#maxPending = maxConnections;
    // One bound for the process: that of the listener which takes the longest.
    const limits: { maxHeaderSize: number } = http;
    limits.maxHeaderSize = Math.max(limits.maxHeaderSize, maxHeaderBytes);
  }

  async open(): Promise<string> {
    const { address } = this;
    this.apply(this.#setup.limits);
    const where =
      address.kind === "unix" ? { unix: address.path } : { hostname: address.host, port: address.port };
    try {
      if (address.kind === "unix" && address.shared === true) throw NOT_SHARED;
      if (address.kind === "unix") await claimPath(address.path);
      this.#server = requireRuntime().serve({
        ...where,
        development: false,
        // Without `development` it is on, and two sidecars would share a port without knowing. Workers do know.
        reusePort: address.shared === true,
        idleTimeout: IDLE_SECONDS,
        maxRequestBodySize: MAX_BODY_BYTES,
        fetch: (request, server) => this.#handle(request, server),
        error: () => this.#respond(DEFECT),
      });
      if (address.kind === "unix") await chmod(address.path, SOCKET_MODE);
    } catch (error) {
      if (error === NOT_SHARED) throw error;
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
      throw new Error(`cannot listen on ${formatListenAddress(address)} (${code})`, { cause: error });
    }
    const { port } = this.#server;
    return formatListenAddress(
      address.kind === "unix" || port === undefined ? address : { ...address, port },
    );
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#server === undefined ? Promise.resolve() : this.#drain(this.#server, timeoutMs);
    return this.#closing;
  }

  #handle(request: Request, server: BunServer): Response | Promise<Response> {
    if (server.pendingRequests > this.#maxPending) {
      this.#setup.onDropped?.();
      return this.#respond(TOO_MANY);
    }
    if (request.method === "CONNECT") return this.#respond(NOT_IMPLEMENTED);
    const rawHeaders: string[] = [];
    request.headers.forEach((value, name) => {
      rawHeaders.push(name, value);
    });
    const answer = this.#setup.answer({
      method: request.method,
      target: readTarget(request.url),
      rawHeaders,
      peer: this.#identify(request, server),
      isEdited: true,
      readBody: (maxBytes) => readText(request, maxBytes),
    });
    return answer instanceof Promise
      ? answer.then((settled) => this.#respond(settled))
      : this.#respond(answer);
  }

  #identify(request: Request, server: BunServer): Peer {
    const { address } = this;
    if (address.kind === "unix") return identifyPeer(undefined, address);
    return identifyPeer(server.requestIP(request)?.address, address);
  }

  #respond({ status, headers, body }: Answer): Response {
    // No answer has a name twice. An object is what Bun reads fastest.
    const fields: Record<string, string> = {};
    for (const [name, value] of headers) fields[name] = value;
    if (this.#draining) fields["Connection"] = "close";
    return new Response(body === "" ? null : body, { status, headers: fields });
  }

  /** Bun closes idle connections at once, so whoever sends on one meanwhile is answered first, and told to close it. */
  async #drain(server: BunServer, timeoutMs: number): Promise<void> {
    this.#draining = true;
    await new Promise((resolve) => setTimeout(resolve, Math.min(IDLE_GRACE_MS, timeoutMs)));
    const cut = setTimeout(() => void server.stop(true), Math.max(0, timeoutMs - IDLE_GRACE_MS));
    await server.stop();
    clearTimeout(cut);
    if (this.address.kind === "unix") await rm(this.address.path, { force: true });
  }
}

/** Bun takes a path whatever is there. @throws Error where somebody listens there, or a file is no socket. */
async function claimPath(path: string): Promise<void> {
  await removeStaleSocket(path);
  const isTaken = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isTaken) throw Object.assign(new Error(`${path} is in use`), { code: "EADDRINUSE" });
}

/** Path and query of "scheme://host/path?query". */
function readTarget(url: string): string {
  const slash = url.indexOf("/", url.indexOf("://") + 3);
  return slash < 0 ? "" : url.slice(slash);
}

function requireRuntime(): BunRuntime {
  const { Bun: runtime } = globalThis as { readonly Bun?: BunRuntime };
  if (runtime === undefined) throw new TypeError("this is not Bun");
  return runtime;
}

async function readText(request: Request, maxBytes: number): Promise<string | undefined> {
  const body = new Uint8Array(await request.arrayBuffer());
  return body.length > maxBytes ? undefined : new TextDecoder().decode(body);
}
