/** The list that a process asks, and what keeps it abreast of the feed. */

import type { RevocationList } from "countersign";
import { MemoryRevocationList } from "countersign";

import type { FeedSource, FollowerEvent, FollowerStatus } from "../stores/feed-follower.ts";
import { FeedFollower } from "../stores/feed-follower.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { readCanary } from "./canary.ts";

export interface FollowedListSetup {
  readonly source: FeedSource;
  readonly maxStaleSeconds: number;
  readonly clock: () => number;
  readonly logger: OperationalLog;
  readonly metrics: Pick<Metrics, "setRevocations" | "recordPropagation" | "recordResync" | "setCanary">;
  /** Whether requests are judged here: then it is here that a revocation takes effect. */
  readonly judges: boolean;
  /** How news come: pushed by the store, or found by looking. */
  readonly transport: "push" | "poll";
}

const GAUGE_INTERVAL_MS = 1000;

export class FollowedList {
  readonly list: MemoryRevocationList;
  readonly #setup: FollowedListSetup;
  readonly #follower: FeedFollower;
  #timer: NodeJS.Timeout | undefined;
  #hasStarted = false;
  /** Told when the applied position changed. */
  onApplied: () => void = () => undefined;

  constructor(setup: FollowedListSetup) {
    const { source, maxStaleSeconds, clock } = setup;
    this.#setup = setup;
    this.list = new MemoryRevocationList({ clock, maxStaleSeconds });
    this.#follower = new FeedFollower({
      store: source,
      list: this.list,
      observer: (event) => this.#observe(event),
    });
  }

  /** False until everything was read once: until then nothing is known, and finding nothing proves nothing. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  get status(): FollowerStatus {
    return this.#follower.status();
  }

  start(): void {
    this.#follower.caughtUp().then(
      () => {
        this.#hasStarted = true;
        this.onApplied();
      },
      () => undefined,
    );
    this.#follower.start();
    this.#timer ??= setInterval(() => this.#meter(), GAUGE_INTERVAL_MS);
    this.#timer.unref();
    this.#meter();
  }

  caughtUp(): Promise<void> {
    return this.#follower.caughtUp();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#follower.stop();
  }

  #meter(): void {
    const { isConnected, ageSeconds } = this.#follower.status();
    this.#setup.metrics.setRevocations({ isConnected, ageSeconds, entries: this.list.size });
  }

  #observe(event: FollowerEvent): void {
    const { logger, metrics, judges, transport } = this.#setup;
    switch (event.type) {
      case "change_applied": {
        if (judges) metrics.recordPropagation(transport, Math.max(0, event.delayMs));
        const canary = readCanary(event.change);
        if (canary !== undefined) metrics.setCanary(canary);
        this.onApplied();
        return;
      }
      case "resync_started":
        metrics.recordResync(event.cause);
        if (event.cause !== "start")
          logger.warn({ cause: event.cause }, "the revocation feed is read from its start again");
        return;
      case "resync_finished":
        logger.info(
          { records: event.records, durationMs: event.durationMs },
          "the revocation feed was read whole",
        );
        this.onApplied();
        return;
      case "feed_lost":
        logger.error({ err: event.error }, "the revocation feed is lost; what is known stays refused");
        this.#meter();
        return;
      case "feed_back":
        logger.info({}, "the revocation feed is there");
        return;
      case "trim_failed":
        logger.warn({ err: event.error }, "expired revocations could not be deleted");
        return;
      case "record_refused":
        logger.error(
          { position: event.position, problem: event.problem },
          "a revocation cannot be taken, so the list does not count as complete",
        );
        return;
    }
  }
}

/** What the judge of tokens needs. */
export interface KnownRevocations {
  readonly list: RevocationList;
  readonly hasStarted: boolean;
}
