/** A door of gRPC: Envoy's checks and gRPC's health checks, their bounds and their drain. */

import { once } from "node:events";
import type { Server as NetServer, Socket } from "node:net";
import { createServer } from "node:net";
import { type ConnectionInjector, Server, ServerCredentials, status } from "@grpc/grpc-js";

import type { ListenAddress } from "../config/configuration.ts";
import { identifyPeer } from "../config/trusted-proxies.ts";
import { InvalidMessage } from "../dialects/envoy-grpc/read-message.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { Door } from "./door.ts";
import type { CheckCall } from "./ext-authz-handler.ts";
import { GrpcHealth } from "./grpc-health.ts";
import { describeMethod, type UnaryCall, type UnaryReply } from "./grpc-methods.ts";
import { listen } from "./listen.ts";

export interface GrpcDoorSetup {
  readonly address: ListenAddress;
  /** Answers a check with the configuration in force. Rejects with `InvalidMessage` only. */
  check(call: CheckCall): Promise<Uint8Array>;
  /** What health checks are told while the door is open. */
  isServing(): boolean;
  readonly logger: OperationalLog;
}

/** Longest message in bytes, decompressed. Envoy takes 60 KiB of headers unless it is told otherwise. */
export const MAX_CHECK_BYTES = 1_048_576;
/** Connections at the same time; more are closed at once. Envoy holds one for each of its threads. */
const MAX_CONNECTIONS = 1024;
const MAX_STREAMS_PER_CONNECTION = 1024;
/** A connection whose other end is gone without a word is found out. */
const KEEPALIVE_MS = 60_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;
const SERVICE = "envoy.service.auth.v3.Authorization";

export class GrpcDoor implements Door {
  readonly name = "extAuthz";
  readonly address: ListenAddress;
  readonly #setup: GrpcDoorSetup;
  readonly #server: Server;
  readonly #health: GrpcHealth;
  readonly #injector: ConnectionInjector;
  readonly #acceptor: NetServer;
  readonly #sockets = new Set<Socket>();
  #closing: Promise<void> | undefined;

  constructor(setup: GrpcDoorSetup) {
    this.address = setup.address;
    this.#setup = setup;
    this.#server = new Server({
      "grpc.max_receive_message_length": MAX_CHECK_BYTES,
      "grpc.max_concurrent_streams": MAX_STREAMS_PER_CONNECTION,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
      "grpc.enable_channelz": 0,
    });
    this.#server.addService(
      { Check: describeMethod(`/${SERVICE}/Check`, { responseStream: false }) },
      { Check: (call: UnaryCall, reply: UnaryReply) => void this.#check(call, reply) },
    );
    this.#health = new GrpcHealth({ services: [SERVICE], isServing: () => setup.isServing() });
    this.#health.addTo(this.#server);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    // Accepted here and handed over, so that ports and socket files are bound as on every other door.
    this.#acceptor = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      this.#injector.injectConnection(socket);
    });
    this.#acceptor.maxConnections = MAX_CONNECTIONS;
  }

  open(): Promise<string> {
    return listen(this.#acceptor, this.address);
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#acceptor.listening ? this.#drain(timeoutMs) : Promise.resolve();
    return this.#closing;
  }

  async #check(call: UnaryCall, reply: UnaryReply): Promise<void> {
    try {
      const peer = identifyPeer(hostOf(call.getPeer()), this.address);
      reply(null, await this.#setup.check({ message: call.request, peer }));
    } catch (error) {
      if (error instanceof InvalidMessage) {
        this.#setup.logger.warn({ problem: error.message }, "a CheckRequest that cannot be read");
        reply({ code: status.INVALID_ARGUMENT, details: "The CheckRequest cannot be read" });
        return;
      }
      this.#setup.logger.error({ err: error }, "a defect in the ext_authz listener; the request was refused");
      reply({ code: status.UNAVAILABLE, details: "The request cannot be judged at the moment" });
    }
  }

  /** Every connection is told to go away; calls in flight are answered; what is left after `timeoutMs` is cut. */
  async #drain(timeoutMs: number): Promise<void> {
    const closed = once(this.#acceptor, "close");
    this.#acceptor.close();
    this.#health.end();
    this.#injector.drain(timeoutMs);
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, timeoutMs);
    await closed;
    clearTimeout(cut);
    this.#server.forceShutdown();
  }
}

/** "192.0.2.1:4711" or "::1:4711" without the port. */
function hostOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(":"));
}
