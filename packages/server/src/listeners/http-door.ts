/** A door of node's HTTP server: its bounds, and its drain. Framing is left to node's strict parser. */

import { once } from "node:events";
import type { IncomingMessage, Server, ServerOptions } from "node:http";
import { createServer, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { Server as NetServer } from "node:net";
import type { ListenAddress } from "../config/configuration.ts";
import type { ListenerTlsConfiguration } from "../config/listener-tls.ts";
import { describeProblem, respond } from "../decision/http-answer.ts";
import { answerClientError, answerOnSocket } from "./answer-on-socket.ts";
import type { DoorName, HttpDoorLimits, LimitedDoor } from "./door.ts";
import { LeanRequest } from "./lean-request.ts";
import { listen } from "./listen.ts";
import { createTlsServer, renewTls } from "./tls-connections.ts";

/** One request, and the door that it came through. */
export interface DoorExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: ListenAddress;
  /** Asks a client that expects 100 for its body; absent where it does not wait. */
  readonly accept?: () => void;
  /** Where the client asks for a WebSocket: what it sent after its handshake. */
  readonly webSocketHead?: Buffer;
  /** True where an answer that begins now has to end the connection. */
  isClosing(): boolean;
}

export interface HttpDoorSetup {
  readonly name: DoorName;
  readonly address: ListenAddress;
  readonly limits: HttpDoorLimits;
  /** Absent: plain HTTP. */
  readonly tls?: ListenerTlsConfiguration | undefined;
  /** Answers a request. Must not throw. */
  handle(exchange: DoorExchange): void;
  /** False: the `Upgrade` header is ignored (RFC 9110 section 7.8). */
  readonly takesWebSockets: boolean;
  /** Told of each connection that was closed because there were too many. */
  onDropped?(): void;
}

// Longer than gateways keep idle connections, so that they close them and not we under a request.
const KEEP_ALIVE_MS = 75_000;
const CHECK_INTERVAL_MS = 1000;
const DRAIN_SWEEP_MS = 50;
// A request may be on its way on a connection that looks idle.
const IDLE_GRACE_MS = 500;

// Node's parser still reads HTTP/0.9: no version, no Host, and nothing that both ends of a chain agree on.
const NO_VERSION = describeProblem({
  status: 505,
  title: "HTTP Version Not Supported",
  detail: "Of HTTP, versions 1.1 and 1.0 are spoken here",
  code: "http_version_not_supported",
});
// A tunnel would carry what no decision was made about.
const NOT_IMPLEMENTED = describeProblem({
  status: 501,
  title: "Not Implemented",
  detail: "CONNECT, and protocols other than WebSocket, are not forwarded",
  code: "protocol_not_supported",
});

export class HttpDoor implements LimitedDoor {
  readonly name: DoorName;
  readonly address: ListenAddress;
  readonly speaks: string | undefined;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  #tls: ListenerTlsConfiguration | undefined;
  readonly #upgraded = new Set<Socket>();
  readonly #isClosing = (): boolean => this.#draining;
  #draining = false;
  #closing: Promise<void> | undefined;

  constructor(setup: HttpDoorSetup) {
    this.name = setup.name;
    this.address = setup.address;
    this.#tls = setup.tls;
    this.speaks = setup.tls && describeSpeech(setup.tls);
    const options: ServerOptions = {
      insecureHTTPParser: false,
      requireHostHeader: true,
      // Most requests have no body, and need no stream for it. Node before 24.12 does not know it.
      optimizeEmptyRequests: true,
      ...(!setup.takesWebSockets && { IncomingMessage: LeanRequest }),
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      // Other protocols are not spoken here: such a request is answered as if it had not asked for one.
      shouldUpgradeCallback: (request) => setup.takesWebSockets && asksForWebSocket(request),
    };
    this.#tlsServer = setup.tls && createTlsServer(setup.tls, options);
    // To a door they are the same; types tell them apart, as one has more events.
    this.#server = (this.#tlsServer as Server | undefined) ?? createServer(options);
    this.#server.maxHeadersCount = 0;
    this.apply(setup.limits);
    this.#listen(setup);
  }

  /** Changes the bounds; connections that are open keep their parser's. */
  apply(limits: HttpDoorLimits): void {
    const server: Server & { maxHeaderSize?: number } = this.#server;
    server.maxHeaderSize = limits.maxHeaderBytes;
    server.headersTimeout = limits.headersTimeoutMs;
    server.requestTimeout = limits.requestTimeoutMs;
    server.timeout = limits.silenceTimeoutMs ?? 0;
    server.maxConnections = limits.maxConnections;
  }

  /** Shows another certificate, or asks for those of other authorities, on connections from now on. */
  renewTls(tls: ListenerTlsConfiguration): void {
    const server = this.#tlsServer;
    if (server === undefined || JSON.stringify(tls) === JSON.stringify(this.#tls)) return;
    renewTls(server, tls);
    this.#tls = tls;
  }

  open(): Promise<string> {
    return listen(this.#server, this.address);
  }

  close(timeoutMs: number, unheard?: Promise<void>): Promise<void> {
    this.#closing ??= this.#server.listening ? this.#drain(timeoutMs, unheard) : Promise.resolve();
    return this.#closing;
  }

  #listen(setup: HttpDoorSetup): void {
    const { address } = setup;
    const server = this.#server;
    const isClosing = this.#isClosing;
    server.on("request", (request, response) => {
      if (request.httpVersionMajor >= 1) return setup.handle({ request, response, address, isClosing });
      respond(response, NO_VERSION, true);
    });
    // Who expects 100 gets the decision first, and sends no body to be refused.
    server.on("checkContinue", (request, response) => {
      setup.handle({ request, response, address, isClosing, accept: () => response.writeContinue() });
    });
    if (setup.takesWebSockets) {
      server.on("upgrade", (request, socket, head) => {
        // Node before 24.9 does not ask which upgrades are wanted.
        if (!asksForWebSocket(request)) return answerOnSocket(socket, NOT_IMPLEMENTED);
        const response = this.#answerOn(request);
        setup.handle({ request, response, address, isClosing, webSocketHead: head });
      });
    }
    server.on("connect", (_request, socket) => answerOnSocket(socket, NOT_IMPLEMENTED));
    server.on("clientError", answerClientError);
    server.on("drop", () => setup.onDropped?.());
  }

  /** Node gives no response for an upgrade, yet what is refused is answered as any other request. */
  #answerOn(request: IncomingMessage): ServerResponse {
    const { socket } = request;
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.setHeader("Connection", "close");
    response.once("finish", () => socket.destroySoon());
    socket.on("error", () => socket.destroy());
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    return response;
  }

  /** Idle connections are closed last: whoever sends on one meanwhile is answered, and told to close it. */
  async #drain(timeoutMs: number, unheard: Promise<void> | undefined): Promise<void> {
    const server = this.#server;
    const closed = once(server, "close");
    // Not the HTTP server's own `close`, which ends idle connections at once.
    NetServer.prototype.close.call(server);
    // Whoever is told to close a connection makes another.
    await unheard;
    this.#draining = true;
    const sweeps: { timer?: NodeJS.Timeout } = {};
    const grace = setTimeout(
      () => {
        // Now it only ends the idle connections and its own timer.
        server.close(() => undefined);
        sweeps.timer = setInterval(() => server.closeIdleConnections(), DRAIN_SWEEP_MS);
      },
      Math.min(IDLE_GRACE_MS, timeoutMs),
    );
    const cut = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of this.#upgraded) socket.destroy();
    }, timeoutMs);
    await closed;
    server.close(() => undefined);
    clearTimeout(grace);
    clearTimeout(cut);
    clearInterval(sweeps.timer);
  }
}

/** Both are settled with the server that listens. */
export function describeSpeech({ requestCertificate }: ListenerTlsConfiguration): string {
  return requestCertificate ? "TLS that asks for certificates" : "TLS";
}

function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}
