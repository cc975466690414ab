/** The connections of a gRPC door: their bounds, that the other end is still there, and their drain. */

import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import { Server as NetServer } from "node:net";

/** More are refused by node: neither a call of Envoy nor a health check comes near any of them. */
const SESSION_BOUNDS = {
  settings: {
    maxConcurrentStreams: 1024,
    maxHeaderListSize: 16_384,
  },
  maxHeaderListPairs: 64,
  maxSettings: 16,
  maxOutstandingPings: 4,
  /** Megabytes. */
  maxSessionMemory: 10,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  /** Streams that the client resets: so many at once, and so many a second. Envoy does so whenever its own client is gone. */
  streamResetBurst: 1000,
  streamResetRate: 100,
} as const;
/** Connections at the same time; more are closed at once. Envoy holds one for each of its threads. */
const MAX_CONNECTIONS = 1024;

export interface SessionTiming {
  /** From a connection to the client's first SETTINGS. */
  readonly prefaceMs: number;
  /** From one PING to the next, by which a connection is found out whose other end is gone without a word. */
  readonly keepaliveMs: number;
  /** From a PING to its answer. */
  readonly keepaliveTimeoutMs: number;
}

const DEFAULT_TIMING: SessionTiming = { prefaceMs: 10_000, keepaliveMs: 60_000, keepaliveTimeoutMs: 20_000 };

export class GrpcSessions {
  readonly server: Http2Server;
  readonly #open = new Set<ServerHttp2Session>();
  /** Those that have said what HTTP/2 begins with. */
  readonly #greeted = new WeakSet<ServerHttp2Session>();
  readonly #timing: SessionTiming;
  #keepalive: NodeJS.Timeout | undefined;

  /** @param onSession Told of each connection. */
  constructor(onSession: (session: ServerHttp2Session) => void, timing: Partial<SessionTiming> = {}) {
    this.#timing = { ...DEFAULT_TIMING, ...timing };
    this.server = createServer(SESSION_BOUNDS);
    this.server.maxConnections = MAX_CONNECTIONS;
    this.server.on("session", (session) => {
      this.#track(session);
      onSession(session);
    });
    this.server.on("listening", () => {
      this.#keepalive = setInterval(() => this.#ping(), this.#timing.keepaliveMs).unref();
    });
  }

  /**
   * Every connection is told to go away, and which call is its last; calls in flight are answered; what is left after
   * `timeoutMs` is cut. A call that crosses the news is not begun, and the client knows it.
   * @param unheard As for `Door.close`.
   */
  async drain(timeoutMs: number, unheard: Promise<void> | undefined): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      // Not the HTTP/2 server's own `close`, which from some version on ends sessions without a warning.
      NetServer.prototype.close.call(this.server, () => resolve());
    });
    const cut = setTimeout(() => {
      for (const session of this.#open) session.destroy();
    }, timeoutMs);
    await unheard;
    clearInterval(this.#keepalive);
    for (const session of this.#open) {
      if (this.#greeted.has(session)) session.close();
      else session.destroy();
    }
    await closed;
    clearTimeout(cut);
  }

  #track(session: ServerHttp2Session): void {
    this.#open.add(session);
    const timer = setTimeout(() => session.destroy(), this.#timing.prefaceMs).unref();
    session.once("remoteSettings", () => {
      this.#greeted.add(session);
      clearTimeout(timer);
    });
    session.once("close", () => {
      this.#open.delete(session);
      clearTimeout(timer);
    });
  }

  #ping(): void {
    for (const session of this.#open) {
      if (session.destroyed) continue;
      const timer = setTimeout(() => session.destroy(), this.#timing.keepaliveTimeoutMs).unref();
      const isAsked = session.ping(() => clearTimeout(timer));
      if (!isAsked) session.destroy();
    }
  }
}
