/** A door of gRPC: Envoy's checks and gRPC's health checks, over node's HTTP/2. */

import type { ServerHttp2Session } from "node:http2";

import type { ListenAddress } from "../config/configuration.ts";
import { identifyPeer } from "../config/trusted-proxies.ts";
import { InvalidMessage } from "../dialects/envoy-grpc/read-message.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { Door } from "./door.ts";
import type { HandleCheck } from "./ext-authz-handler.ts";
import { acceptCall, type GrpcCall, type GrpcMethod } from "./grpc-call.ts";
import { GrpcHealth } from "./grpc-health.ts";
import { GrpcSessions, type SessionTiming } from "./grpc-sessions.ts";
import { GRPC_STATUS, type GrpcFailure } from "./grpc-status.ts";
import { listen } from "./listen.ts";

export interface GrpcDoorSetup {
  readonly address: ListenAddress;
  /** Answers a check with the configuration in force. @throws InvalidMessage only. */
  readonly check: HandleCheck;
  /** What health checks are told while the door is open. */
  isServing(): boolean;
  readonly logger: OperationalLog;
  /** For tests that have no time to wait. */
  readonly timing?: Partial<GrpcTiming>;
}

export interface GrpcTiming extends SessionTiming {
  /** Longest that a check takes, from its first byte until its answer is sent. Default 30,000. */
  readonly maxCallMs: number;
}

/** Of all messages together that are longer than what comes in one piece, in bytes. */
const MAX_UNFINISHED_BYTES = 67_108_864;
const MAX_CALL_MS = 30_000;
const SERVICE = "envoy.service.auth.v3.Authorization";

const UNREADABLE: GrpcFailure = {
  code: GRPC_STATUS.invalidArgument,
  details: "The CheckRequest cannot be read",
};
const DEFECT: GrpcFailure = {
  code: GRPC_STATUS.unavailable,
  details: "The request cannot be judged at the moment",
};

export class GrpcDoor implements Door {
  readonly name = "extAuthz";
  readonly address: ListenAddress;
  readonly #setup: GrpcDoorSetup;
  readonly #health: GrpcHealth;
  readonly #methods: ReadonlyMap<string, GrpcMethod>;
  readonly #budget = { left: MAX_UNFINISHED_BYTES };
  readonly #sessions: GrpcSessions;
  #closing: Promise<void> | undefined;

  constructor(setup: GrpcDoorSetup) {
    this.address = setup.address;
    this.#setup = setup;
    this.#sessions = new GrpcSessions((session) => this.#answer(session), setup.timing);
    this.#health = new GrpcHealth({ services: [SERVICE], isServing: () => setup.isServing() });
    this.#methods = new Map<string, GrpcMethod>([
      [`/${SERVICE}/Check`, { streams: false, handle: (call) => this.#check(call) }],
      ...this.#health.methods,
    ]);
  }

  open(): Promise<string> {
    return listen(this.#sessions.server, this.address);
  }

  close(timeoutMs: number, unheard?: Promise<void>): Promise<void> {
    this.#closing ??= this.#sessions.server.listening ? this.#drain(timeoutMs, unheard) : Promise.resolve();
    return this.#closing;
  }

  #answer(session: ServerHttp2Session): void {
    const peer = identifyPeer(session.socket.remoteAddress, this.address);
    const methods = this.#methods;
    const budget = this.#budget;
    const maxCallMs = this.#setup.timing?.maxCallMs ?? MAX_CALL_MS;
    session.on("stream", (stream, headers) =>
      acceptCall(stream, { headers, peer, methods, budget, maxCallMs }),
    );
  }

  #check(call: GrpcCall): void {
    try {
      const answer = this.#setup.check({ message: call.message, peer: call.peer });
      if (answer instanceof Promise) {
        answer.then((message) => call.reply(message)).catch((error: unknown) => this.#fail(call, error));
      } else call.reply(answer);
    } catch (error) {
      this.#fail(call, error);
    }
  }

  #fail(call: GrpcCall, error: unknown): void {
    if (error instanceof InvalidMessage) {
      this.#setup.logger.warn({ problem: error.message }, "a CheckRequest that cannot be read");
      call.fail(UNREADABLE);
      return;
    }
    this.#setup.logger.error({ err: error }, "a defect in the ext_authz listener; the request was refused");
    call.fail(DEFECT);
  }

  async #drain(timeoutMs: number, unheard: Promise<void> | undefined): Promise<void> {
    const drained = this.#sessions.drain(timeoutMs, unheard);
    // Whoever watches is told, and makes no other connection for it: the end of its call is no end of its connection.
    this.#health.end();
    await drained;
  }
}
