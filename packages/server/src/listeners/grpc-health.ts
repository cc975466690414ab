/** `grpc.health.v1.Health`: tells load balancers and Envoy's health checks whether this door serves. */

import {
  readHealthRequest,
  SERVING_STATUS,
  type ServingStatus,
  writeHealthList,
  writeHealthResponse,
} from "../dialects/envoy-grpc/health-messages.ts";
import type { GrpcCall, GrpcMethod } from "./grpc-call.ts";
import { GRPC_STATUS, type GrpcFailure } from "./grpc-status.ts";

export interface GrpcHealthSetup {
  /** Services that may be asked about, besides "" for the server as a whole. */
  readonly services: readonly string[];
  isServing(): boolean;
}

/** `Watch` calls at the same time; more are refused. */
export const MAX_WATCHERS = 64;
const WATCH_INTERVAL_MS = 250;
const SERVICE = "grpc.health.v1.Health";

const UNREADABLE: GrpcFailure = {
  code: GRPC_STATUS.invalidArgument,
  details: "The HealthCheckRequest cannot be read",
};
const UNKNOWN: GrpcFailure = { code: GRPC_STATUS.notFound, details: "No such service here" };
const TOO_MANY: GrpcFailure = {
  code: GRPC_STATUS.resourceExhausted,
  details: "The status cannot be watched by more",
};

export class GrpcHealth {
  /** By path. */
  readonly methods: readonly (readonly [path: string, method: GrpcMethod])[];
  readonly #setup: GrpcHealthSetup;
  /** What each was told last. */
  readonly #watchers = new Map<GrpcCall, ServingStatus>();
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(setup: GrpcHealthSetup) {
    this.#setup = setup;
    this.methods = [
      [`/${SERVICE}/Check`, { streams: false, handle: (call) => this.#check(call) }],
      [`/${SERVICE}/List`, { streams: false, handle: (call) => this.#list(call) }],
      [`/${SERVICE}/Watch`, { streams: true, handle: (call) => this.#watch(call) }],
    ];
  }

  /** Says for good that nothing is served any more, and ends whoever watches. */
  end(): void {
    this.#ended = true;
    this.#tell();
    for (const call of this.#watchers.keys()) call.end();
    this.#watchers.clear();
    clearInterval(this.#timer);
  }

  #check(call: GrpcCall): void {
    const serving = this.#read(call.message);
    if (serving === undefined) call.fail(UNREADABLE);
    else if (serving === SERVING_STATUS.serviceUnknown) call.fail(UNKNOWN);
    else call.reply(writeHealthResponse(serving));
  }

  /** Its request has no fields, so that there is nothing to read. */
  #list(call: GrpcCall): void {
    const serving = this.#status();
    call.reply(writeHealthList(["", ...this.#setup.services].map((service) => [service, serving])));
  }

  /** Sends the status now and whenever it changes. A service that is unknown stays so. */
  #watch(call: GrpcCall): void {
    const serving = this.#read(call.message);
    if (serving === undefined || this.#ended || this.#watchers.size >= MAX_WATCHERS) {
      call.fail(serving === undefined ? UNREADABLE : TOO_MANY);
      return;
    }
    this.#watchers.set(call, serving);
    call.onClosed(() => this.#forget(call));
    call.send(writeHealthResponse(serving));
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
      // Whoever does not read what it was told is told the state of then, once it reads again.
      if (told === serving || told === SERVING_STATUS.serviceUnknown || call.isBackedUp) continue;
      this.#watchers.set(call, serving);
      call.send(writeHealthResponse(serving));
    }
  }

  #forget(call: GrpcCall): void {
    this.#watchers.delete(call);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
