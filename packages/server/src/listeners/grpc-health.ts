/** `grpc.health.v1.Health`: tells load balancers and Envoy's health checks whether this door serves. */

import { type Server, type ServerWritableStream, status } from "@grpc/grpc-js";

import {
  readHealthRequest,
  SERVING_STATUS,
  type ServingStatus,
  writeHealthResponse,
} from "../dialects/envoy-grpc/health-messages.ts";
import { describeMethod, type UnaryCall, type UnaryReply } from "./grpc-methods.ts";

export interface GrpcHealthSetup {
  /** Services that may be asked about, besides "" for the server as a whole. */
  readonly services: readonly string[];
  isServing(): boolean;
}

/** `Watch` calls at the same time; more are refused. */
export const MAX_WATCHERS = 64;
const WATCH_INTERVAL_MS = 250;
const SERVICE = "grpc.health.v1.Health";

type Watcher = ServerWritableStream<Buffer, Uint8Array>;

export class GrpcHealth {
  readonly #setup: GrpcHealthSetup;
  /** What each was told last. */
  readonly #watchers = new Map<Watcher, ServingStatus>();
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(setup: GrpcHealthSetup) {
    this.#setup = setup;
  }

  addTo(server: Server): void {
    server.addService(
      {
        Check: describeMethod(`/${SERVICE}/Check`, { responseStream: false }),
        Watch: describeMethod(`/${SERVICE}/Watch`, { responseStream: true }),
      },
      {
        Check: (call: UnaryCall, reply: UnaryReply) => this.#check(call, reply),
        Watch: (call: Watcher) => this.#watch(call),
      },
    );
  }

  /** Says for good that nothing is served any more, and ends whoever watches. */
  end(): void {
    this.#ended = true;
    this.#tell();
    for (const call of this.#watchers.keys()) call.end();
    this.#watchers.clear();
    clearInterval(this.#timer);
  }

  #check(call: UnaryCall, reply: UnaryReply): void {
    const serving = this.#read(call.request);
    if (serving === undefined) {
      reply({ code: status.INVALID_ARGUMENT, details: "The HealthCheckRequest cannot be read" });
    } else if (serving === SERVING_STATUS.serviceUnknown) {
      reply({ code: status.NOT_FOUND, details: "No such service here" });
    } else reply(null, writeHealthResponse(serving));
  }

  /** Sends the status now and whenever it changes. A service that is unknown stays so. */
  #watch(call: Watcher): void {
    const serving = this.#read(call.request);
    if (serving === undefined || this.#ended || this.#watchers.size >= MAX_WATCHERS) {
      const code = serving === undefined ? status.INVALID_ARGUMENT : status.RESOURCE_EXHAUSTED;
      call.emit("error", { code, details: "The status cannot be watched" });
      return;
    }
    this.#watchers.set(call, serving);
    call.once("cancelled", () => this.#forget(call));
    call.once("close", () => this.#forget(call));
    call.write(writeHealthResponse(serving));
    this.#timer ??= setInterval(() => this.#tell(), WATCH_INTERVAL_MS).unref();
  }

  #read(message: Uint8Array): ServingStatus | undefined {
    try {
      const service = readHealthRequest(message);
      if (service !== "" && !this.#setup.services.includes(service)) return SERVING_STATUS.serviceUnknown;
    } catch {
      return undefined;
    }
    return this.#status();
  }

  #status(): ServingStatus {
    const isServing = !this.#ended && this.#setup.isServing();
    return isServing ? SERVING_STATUS.serving : SERVING_STATUS.notServing;
  }

  #tell(): void {
    const serving = this.#status();
    for (const [call, told] of this.#watchers) {
      if (told === serving || told === SERVING_STATUS.serviceUnknown) continue;
      this.#watchers.set(call, serving);
      call.write(writeHealthResponse(serving));
    }
  }

  #forget(call: Watcher): void {
    this.#watchers.delete(call);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
