/** What judges requests: the configuration in force, its listeners, and their exchange for the next in two steps. */

import type { Configuration } from "./config/configuration.ts";
import type { DoorChange, WantedDoor } from "./door-set.ts";
import { DoorSet } from "./door-set.ts";
import type { Generation, Host } from "./generation.ts";
import { createGeneration } from "./generation.ts";
import { StreamWatch } from "./proxy/stream-watch.ts";
import type { ServerAddresses } from "./running-server.ts";
import { listDataDoors } from "./wanted-doors.ts";

/** What outlives configurations, without what the data side makes itself. */
export type DataSideHost = Omit<Host, "streams" | "slots">;

export interface DataSideSetup {
  readonly host: DataSideHost;
  /** Listeners of the same process for something else. */
  listOtherDoors?(configuration: Configuration): readonly WantedDoor[];
  /** Waits for what the next configuration needs. @throws ConfigurationError where that cannot be had. */
  awaitParts?(next: Generation, inForce: Generation): Promise<void>;
}

/** A configuration that is ready to come into force. */
export interface PreparedChange {
  readonly next: Generation;
  readonly doors: DoorChange;
}

export class DataSide {
  readonly #setup: DataSideSetup;
  readonly #host: Host;
  readonly #doors = new DoorSet();
  readonly #leaving = new Set<Promise<void>>();
  #inForce: Generation;

  /** @throws ConfigurationError where the library refuses the issuers. */
  constructor(configuration: Configuration, setup: DataSideSetup) {
    const { clock, metrics } = setup.host;
    this.#setup = setup;
    // What stays open is judged by the configuration of that time, not by the one that it was opened under.
    const streams = new StreamWatch({
      clock,
      metrics,
      judge: async (described) => this.#inForce.decide(described),
    });
    this.#host = { ...setup.host, streams, slots: { taken: 0 } };
    this.#inForce = createGeneration(configuration, this.#host);
  }

  get addresses(): ServerAddresses {
    return this.#doors.addresses;
  }

  get inForce(): Generation {
    return this.#inForce;
  }

  /** @throws Error where an address cannot be had; no listener is open then. */
  open(): Promise<void> {
    return this.#doors.open(this.#listDoors(this.#inForce.configuration));
  }

  /**
   * Makes the next configuration ready, keys and listeners, while the one in force goes on.
   * @throws ConfigurationError where that cannot be; nothing of it is left then.
   */
  async prepare(configuration: Configuration): Promise<PreparedChange> {
    const previous = this.#inForce;
    const next = createGeneration(configuration, this.#host, previous.shared);
    try {
      await this.#setup.awaitParts?.(next, previous);
      return { next, doors: await this.#doors.prepare(this.#listDoors(configuration)) };
    } catch (error) {
      await next.retire();
      throw error;
    }
  }

  /** Waits for nothing and does not fail: the next request is the next configuration's. */
  commit({ next, doors }: PreparedChange): void {
    const previous = this.#inForce;
    this.#inForce = next;
    this.#leave(this.#doors.commit(doors, next.configuration.shutdown.drainTimeoutMs));
    this.#leave(previous.retire());
    this.#leave(this.#host.streams.judgeAll());
  }

  async discard({ next, doors }: PreparedChange): Promise<void> {
    await Promise.all([this.#doors.discard(doors), next.retire()]);
  }

  /** Stops accepting (see `Closing` for shared addresses), lets requests in flight finish within `shutdown.drainTimeoutMs`, then cuts them. */
  async close(awaitUnheard?: () => Promise<void>): Promise<void> {
    this.#inForce.readiness.stop();
    // Streams have no end to wait for.
    this.#host.streams.endAll("shutdown");
    const { drainTimeoutMs: timeoutMs } = this.#inForce.configuration.shutdown;
    await this.#doors.close({ timeoutMs, ...(awaitUnheard && { awaitUnheard }) });
    await this.#inForce.retire("cut");
    await Promise.all(this.#leaving);
  }

  #listDoors(configuration: Configuration): readonly WantedDoor[] {
    const { metrics, logger } = this.#host;
    const doors = listDataDoors(configuration, { metrics, logger, inForce: () => this.#inForce });
    return [...doors, ...(this.#setup.listOtherDoors?.(configuration) ?? [])];
  }

  /** Keeps track of what a change has left behind, until it has ended. */
  #leave(end: Promise<void>): void {
    const left = end
      .catch((error: unknown) => this.#host.logger.error({ err: error }, "a part could not be closed"))
      .then(() => void this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}
