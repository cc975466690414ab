/** The revocations of one sidecar, in the process that has the store: follows the feed, and says how far everybody is. */

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

import type { SidecarAudit } from "../audit/sidecar-audit.ts";
import type { RevocationConfiguration } from "../config/revocation-configuration.ts";
import type { InstanceReport } from "../stores/instance-registry.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { auditStore } from "./audited-store.ts";
import { CANARY_INTERVAL_MS, createCanary } from "./canary.ts";
import { FollowedList } from "./followed-list.ts";
import { type OpenedRevocationStore, openRevocationStore } from "./open-stores.ts";
import { SharedFeed } from "./shared-feed.ts";

export interface RevocationsSetup {
  readonly configuration: RevocationConfiguration;
  readonly clock: () => number;
  readonly logger: OperationalLog;
  readonly metrics: Metrics;
  readonly version: string;
  /** Whether requests are judged in this process; else others do, and tell how far they are. */
  readonly judges: boolean;
  /** Absent where there is no trail. */
  readonly audit?: SidecarAudit | undefined;
}

/** As operators see it in `/healthz/ready`. */
export interface RevocationReadiness {
  readonly ready: boolean;
  readonly position: number;
  /** Undefined before the list was complete for the first time. */
  readonly ageSeconds: number | undefined;
  readonly connected: boolean;
}

const REPORT_INTERVAL_MS = 1000;
/** Between a change and the report of it: many changes are one report, and many instances leave the store room to work. */
const REPORT_PAUSE_MS = 250;

export class Revocations {
  readonly store: OpenedRevocationStore;
  readonly feed: SharedFeed;
  readonly followed: FollowedList;
  readonly instanceId: string;
  readonly #setup: RevocationsSetup;
  /** Where several processes judge: up to where the slowest of them is; Infinity where there is none. */
  appliedByWorkers: (() => number) | undefined;
  /** What is in force here, for the reports; undefined before anything is. */
  inForce: Pick<InstanceReport, "configurationHash" | "keySets"> | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #canaryTimer: NodeJS.Timeout | undefined;
  #isReporting = false;
  #reportedPosition = -1;
  #isClosed = false;

  constructor(setup: RevocationsSetup) {
    const { configuration, clock, logger, metrics, judges } = setup;
    this.#setup = setup;
    const store = openRevocationStore(configuration.store, clock);
    this.store = setup.audit === undefined ? store : auditStore(store, setup.audit);
    this.feed = new SharedFeed(this.store);
    this.followed = new FollowedList({
      source: this.feed,
      maxStaleSeconds: configuration.maxStaleSeconds,
      clock,
      logger,
      metrics,
      judges,
      transport: typeof configuration.store === "object" && "sqlite" in configuration.store ? "poll" : "push",
    });
    const { instance } = configuration;
    this.instanceId = instance ?? `${nameHost()}-${process.pid}-${randomBytes(3).toString("hex")}`;
  }

  get maxStaleSeconds(): number {
    return this.#setup.configuration.maxStaleSeconds;
  }

  start(): void {
    this.followed.onApplied = () => this.noteProgress();
    this.followed.start();
    // Whoever waits for instances should know of this one from the start.
    this.#reportAgain();
    const canaryMs = CANARY_INTERVAL_MS * (0.5 + Math.random());
    this.#canaryTimer = setInterval(() => this.#issueCanary(), canaryMs);
    this.#canaryTimer.unref();
    this.#issueCanary();
    this.#tellWeaknesses();
  }

  /** Everything up to it is in force in every process that judges. */
  get appliedPosition(): number {
    const { isCaughtUp, position } = this.followed.status;
    const own = isCaughtUp ? position : 0;
    return Math.min(own, this.appliedByWorkers?.() ?? Number.POSITIVE_INFINITY);
  }

  readiness(): RevocationReadiness {
    const { position, ageSeconds, isConnected, isFresh } = this.followed.status;
    const { hasStarted } = this.followed;
    const ready = hasStarted && (this.#setup.configuration.readiness === "started" || isFresh);
    return { ready, position, ageSeconds: finite(ageSeconds), connected: isConnected };
  }

  /** One of the processes has applied more: the store is told soon. */
  noteProgress(): void {
    const position = this.appliedPosition;
    this.#setup.metrics.setAppliedPosition(position);
    if (this.#isClosed || this.#isReporting || position === this.#reportedPosition) return;
    this.#schedule(REPORT_PAUSE_MS);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#reportTimer);
    clearInterval(this.#canaryTimer);
    this.feed.close();
    // Who ends as it should is not waited for any more. Where the store is away, it is found to be silent.
    await Promise.race([
      this.store.forgetInstance(this.instanceId).catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 500).unref()),
    ]);
    const stopped = this.followed.stop();
    await this.store.close();
    await stopped;
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#reportTimer);
    this.#reportTimer = setTimeout(() => this.#reportAgain(), delayMs);
    this.#reportTimer.unref();
  }

  #reportAgain(): void {
    if (this.#isReporting || this.#isClosed) return;
    this.#isReporting = true;
    this.#report().then(
      () => this.#continueReports(),
      () => this.#continueReports(),
    );
  }

  #continueReports(): void {
    this.#isReporting = false;
    if (this.#isClosed) return;
    this.#schedule(this.appliedPosition === this.#reportedPosition ? REPORT_INTERVAL_MS : REPORT_PAUSE_MS);
  }

  async #report(): Promise<void> {
    const { ageSeconds, isConnected } = this.followed.status;
    const position = this.appliedPosition;
    await this.store.report({
      id: this.instanceId,
      version: this.#setup.version,
      position,
      ageSeconds: finite(ageSeconds),
      isConnected,
      ...this.inForce,
    });
    this.#reportedPosition = position;
    this.#setup.metrics.setAppliedPosition(position);
  }

  /** Every instance does it now and then; all but the first of an interval change nothing. */
  #issueCanary(): void {
    // That it does not come is what it is for.
    this.store.append([createCanary(this.#setup.clock(), this.instanceId)]).catch(() => undefined);
  }

  #tellWeaknesses(): void {
    const { logger } = this.#setup;
    this.store.findWeaknesses?.().then(
      (weaknesses) => {
        for (const weakness of weaknesses)
          logger.warn({ weakness }, "Redis may lose revocations that it acknowledged");
      },
      () => undefined,
    );
  }
}

function nameHost(): string {
  return hostname()
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .slice(0, 96);
}

function finite(seconds: number): number | undefined {
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) / 1000 : undefined;
}
