/** The running sidecar: its listeners, the configuration in force, and the exchange of one for another. */

import type { ConfigurationProblem, Validator } from "countersign";
import { ConfigurationError } from "countersign";

import { createAdminHandler } from "./admin/admin-listener.ts";
import { awaitKeys } from "./await-keys.ts";
import type { Configuration, ListenAddress } from "./config/configuration.ts";
import { isRemoteIssuer, nameIssuer } from "./config/issuer-alias.ts";
import { formatListenAddress } from "./config/listen-address.ts";
import { listUpstreams } from "./config/upstreams.ts";
import { describeProblem, respond } from "./decision/http-answer.ts";
import type { OpenDoor } from "./doors.ts";
import { closeDoors, listAddresses, openDoors } from "./doors.ts";
import type { Generation, Host } from "./generation.ts";
import { createGeneration } from "./generation.ts";
import { limitAdmin, limitDecisions, limitProxy } from "./listener-limits.ts";
import type { Door } from "./listeners/door.ts";
import { GrpcDoor } from "./listeners/grpc-door.ts";
import type { DoorExchange } from "./listeners/http-door.ts";
import { HttpDoor } from "./listeners/http-door.ts";
import { StreamWatch } from "./proxy/stream-watch.ts";
import type { ReloadOutcome, ServerAddresses } from "./running-server.ts";
import { VERSION } from "./version.ts";

/** A listener that a configuration asks for. */
interface WantedDoor {
  readonly name: Door["name"];
  readonly address: ListenAddress;
  create(): Door;
  /** Gives the bounds of a newer configuration to a door that stays. */
  apply?(door: Door): void;
}

const GONE = describeProblem({
  status: 503,
  title: "Service Unavailable",
  detail: "This listener is being closed",
  code: "closing",
});

export class Sidecar {
  readonly #host: Host;
  #inForce: Generation;
  #doors: readonly OpenDoor[] = [];
  #changes: Promise<unknown> = Promise.resolve();
  readonly #leaving = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError where the library refuses the issuers. */
  constructor(configuration: Configuration, host: Omit<Host, "streams" | "slots">) {
    const { clock, metrics } = host;
    // What stays open is judged by the configuration of that time, not by the one that it was opened under.
    const streams = new StreamWatch({
      clock,
      metrics,
      judge: (described) => this.#inForce.decide(described),
    });
    this.#host = { ...host, streams, slots: { taken: 0 } };
    this.#inForce = createGeneration(configuration, this.#host);
    this.#meter();
  }

  get addresses(): ServerAddresses {
    return listAddresses(this.#doors);
  }

  get validator(): Validator {
    return this.#inForce.validator;
  }

  /** @throws Error where an address cannot be had; nothing is left running then. */
  async open(): Promise<void> {
    try {
      this.#doors = await openDoors(
        this.#listDoors(this.#inForce.configuration).map((door) => door.create()),
      );
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#inForce.readiness.start(this.#inForce.validator);
    this.#host.logger.info({ addresses: this.addresses, version: VERSION }, "listening");
  }

  /** One after the other, in the order of the calls. */
  reload(load: () => Promise<Configuration> | Configuration): Promise<ReloadOutcome> {
    const change = this.#changes.then(() => this.#change(load));
    this.#changes = change.catch(() => undefined);
    return change;
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #change(load: () => Promise<Configuration> | Configuration): Promise<ReloadOutcome> {
    if (this.#closing !== undefined) return this.#refuse([{ path: "(root)", ...STOPPING }]);
    try {
      const configuration = await load();
      if (JSON.stringify(configuration) === JSON.stringify(this.#inForce.configuration)) {
        this.#host.metrics.recordReload("unchanged");
        return { result: "unchanged", hash: this.#inForce.hash };
      }
      return await this.#exchange(configuration);
    } catch (error) {
      if (error instanceof ConfigurationError) return this.#refuse(error.problems);
      this.#host.metrics.recordReload("refused");
      throw error;
    }
  }

  /** The next configuration is ready, keys and listeners, before the one in force ends. */
  async #exchange(configuration: Configuration): Promise<ReloadOutcome> {
    const previous = this.#inForce;
    const next = createGeneration(configuration, this.#host, previous.shared);
    if (next.readiness !== previous.readiness) next.readiness.start(next.validator);
    const wanted = this.#listDoors(configuration);
    const kept = this.#doors.filter((open) => wanted.some((door) => isSame(open.door, door)));
    let opened: readonly OpenDoor[];
    try {
      const missing = await awaitKeys(next, previous);
      const [first, ...others] = missing;
      if (first !== undefined) throw new ConfigurationError([first, ...others]);
      const fresh = wanted.filter((door) => !kept.some((open) => isSame(open.door, door)));
      opened = await openDoors(fresh.map((door) => door.create())).catch(throwListenProblem);
    } catch (error) {
      await next.retire();
      throw error;
    }
    // From here on nothing waits and nothing fails: the next request is the next configuration's.
    this.#inForce = next;
    for (const door of wanted) for (const open of kept) if (isSame(open.door, door)) door.apply?.(open.door);
    const left = this.#doors.filter((open) => !kept.includes(open));
    this.#doors = [...kept, ...opened];
    this.#meter();
    this.#leave(closeDoors(left, configuration.shutdown.drainTimeoutMs));
    this.#leave(previous.retire());
    this.#leave(this.#host.streams.judgeAll());
    this.#host.metrics.recordReload("applied");
    this.#host.logger.info(
      { hash: next.hash, addresses: this.addresses },
      "the new configuration is in force",
    );
    return { result: "applied", hash: next.hash };
  }

  #refuse(problems: readonly ConfigurationProblem[]): ReloadOutcome {
    this.#host.metrics.recordReload("refused");
    const { hash } = this.#inForce;
    this.#host.logger.error(
      { problems, hash },
      "the new configuration was refused; the old one stays in force",
    );
    return { result: "refused", problems };
  }

  #meter(): void {
    const { configuration, hash } = this.#inForce;
    const issuers = configuration.issuers.map(nameIssuer);
    const remoteIssuers = configuration.issuers.filter(isRemoteIssuer).map(nameIssuer);
    this.#host.metrics.configure({ issuers, remoteIssuers, hash });
    for (const { path, reason } of configuration.exceptions) {
      this.#host.logger.warn({ path, reason }, "a weakness is accepted by the configuration");
    }
    this.#host.keyStores.keepOnly(configuration.issuers);
  }

  #listDoors(configuration: Configuration): readonly WantedDoor[] {
    const { decision, extAuthz, proxy, admin } = configuration.listeners;
    const { metrics, logger } = this.#host;
    const admins = createAdminHandler({
      metrics,
      readiness: { list: () => this.#inForce.readiness.list() },
      isStopping: () => this.#closing !== undefined,
    });
    const http = (
      name: Door["name"],
      address: ListenAddress,
      setup: { readonly limits: ReturnType<typeof limitProxy>; handle(exchange: DoorExchange): void },
    ): WantedDoor => ({
      name,
      address,
      create: () =>
        new HttpDoor({
          name,
          address,
          takesWebSockets: name === "proxy",
          ...setup,
          onDropped: () => metrics.recordShed("connections"),
        }),
      apply: (door) => door instanceof HttpDoor && door.apply(setup.limits),
    });
    const doors = [
      decision &&
        http("decision", decision, {
          limits: limitDecisions(configuration),
          handle: (exchange) => this.#inForce.handleDecision(exchange),
        }),
      extAuthz && {
        name: "extAuthz" as const,
        address: extAuthz,
        create: () =>
          new GrpcDoor({
            address: extAuthz,
            check: (call) => this.#inForce.handleCheck(call),
            isServing: () => this.#inForce.readiness.list().every(({ ready }) => ready),
            logger,
          }),
      },
      proxy &&
        listUpstreams(configuration).length > 0 &&
        http("proxy", proxy, {
          limits: limitProxy(configuration),
          handle: (exchange) => {
            const { handleProxied } = this.#inForce;
            if (handleProxied === undefined) respond(exchange.response, GONE);
            else handleProxied(exchange);
          },
        }),
      http("admin", admin, { limits: limitAdmin(), handle: admins }),
    ];
    return doors.filter((door) => door !== undefined && door !== false);
  }

  /** Keeps track of what a change has left behind, until it has ended. */
  #leave(end: Promise<void>): void {
    const left = end
      .catch((error: unknown) => this.#host.logger.error({ err: error }, "a part could not be closed"))
      .then(() => void this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  async #stop(): Promise<void> {
    await this.#changes;
    this.#inForce.readiness.stop();
    // Streams have no end to wait for.
    this.#host.streams.endAll("shutdown");
    await closeDoors(this.#doors, this.#inForce.configuration.shutdown.drainTimeoutMs);
    await this.#inForce.retire("cut");
    await Promise.all(this.#leaving);
    this.#host.eventLoop.stop();
    this.#host.logger.info({}, "stopped");
  }
}

const STOPPING = { problem: "the sidecar is being stopped", remedy: "Start it again." } as const;

function isSame(left: Pick<Door, "name" | "address">, right: Pick<Door, "name" | "address">): boolean {
  return left.name === right.name && formatListenAddress(left.address) === formatListenAddress(right.address);
}

function throwListenProblem(error: unknown): never {
  const problem = error instanceof Error ? error.message : "a listener cannot be opened";
  throw new ConfigurationError([
    { path: "listeners", problem, remedy: "Free the address, or choose another." },
  ]);
}
