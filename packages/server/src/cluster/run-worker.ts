/** A worker: judges requests with what its primary gives it. It fetches no keys and decides on no configuration. */

import { setTimeout as wait } from "node:timers/promises";
import type { ReplayStore } from "countersign";
import { ConfigurationError } from "countersign";
import type { AskStatusList, KeyFollower, KeySharing, SharedKeys } from "countersign/sharing";
import { createKeyFollower } from "countersign/sharing";

import { type CanaryVerdict, judgeCanary } from "../admin/held-keys.ts";
import type { Readiness } from "../admin/readiness.ts";
import type { AssertionHost } from "../assertion/assertion-keys.ts";
import type { Configuration } from "../config/configuration.ts";
import { hashConfiguration } from "../config/hash-configuration.ts";
import { isRemoteIssuer, nameIssuer } from "../config/issuer-alias.ts";
import type { PreparedChange } from "../data-side.ts";
import { DataSide } from "../data-side.ts";
import { DecisionAuditor } from "../decision/decision-auditor.ts";
import type { Generation, Host } from "../generation.ts";
import { FollowedList } from "../revocation/followed-list.ts";
import { guardReplay } from "../revocation/guard-replay.ts";
import { openReplayStore } from "../revocation/open-stores.ts";
import type { ServerAddresses } from "../running-server.ts";
import { KeyStores } from "../shared-validator.ts";
import { watchEventLoopDelay } from "../telemetry/event-loop-delay.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { VERSION } from "../version.ts";
import { AssertionRelay } from "./assertion-relay.ts";
import { AuditRelay } from "./audit-relay.ts";
import { Channel } from "./channel.ts";
import { DecisionRelay } from "./decision-relay.ts";
import { createLogRelay } from "./log-relay.ts";
import type {
  KeysInForce,
  Preparation,
  PreparationOutcome,
  PrimaryTopics,
  WorkerTopics,
} from "./messages.ts";
import { createRelayedFeed } from "./relayed-feed.ts";
import { ReplayRelay } from "./replay-relay.ts";

const REPORT_INTERVAL_MS = 1000;
/** A worker that closes its listeners late holds the drain of others up no longer than this. */
const CLOSED_TIMEOUT_MS = 1000;
/** As long as a request waits for it. */
const USES_TIMEOUT_MS = 1000;
/** As long as a request waits for it; a key may be in another machine. */
const SIGN_TIMEOUT_MS = 5000;
/** Within what preparing a worker may take. */
const FIRST_FEED_TIMEOUT_MS = 5000;
/** Longer than the longest fetch that may be configured. */
const KEYS_TIMEOUT_MS = 35_000;

/** Keys of one publisher, and who is told that they are there. */
interface Followed {
  readonly follower: KeyFollower;
  readiness: Readiness | undefined;
  /** By alias: what is in force. */
  readonly versions: Map<string, number>;
}

/** What was made ready and waits for its commit. */
type Ready = { readonly version: number } & (
  | { readonly kind: "first"; readonly data: DataSide }
  | { readonly kind: "next"; readonly change: PreparedChange }
);

/** Runs this process as a worker until its primary ends it. */
export function runWorker(): void {
  const worker = new Worker();
  process.on("message", (message) => worker.channel.receive(message));
  worker.channel.tell("hello", {});
}

class Worker {
  readonly channel: Channel<PrimaryTopics, WorkerTopics>;
  readonly #metrics: Metrics = createMetrics({ version: VERSION, clock: Date.now });
  readonly #logger: OperationalLog;
  readonly #decisions: DecisionRelay;
  readonly #audit: AuditRelay;
  #auditor: DecisionAuditor | undefined;
  readonly #eventLoop = watchEventLoopDelay((load) => this.#metrics.setLoad(load));
  readonly #followed = new Map<number, Followed>();
  #steps: Promise<unknown> = Promise.resolve();
  #data: DataSide | undefined;
  #revocations: FollowedList | undefined;
  #ready: Ready | undefined;
  /** What is being prepared: a validator that is made for it follows its keys. */
  #preparing: Preparation | undefined;

  constructor() {
    const send = (message: unknown, done: (error: Error | null) => void): void =>
      void process.send?.(message, undefined, undefined, done);
    this.channel = new Channel<PrimaryTopics, WorkerTopics>(
      { send },
      {
        prepare: (preparation) => this.#inTurn(() => this.#prepare(preparation)),
        commit: ({ version }) => this.#inTurn(() => this.#commit(version)),
        discard: ({ version }) => this.#inTurn(() => this.#discard(version)),
        keys: ({ keysId, issuer, keys }) => this.#accept(keysId, [[issuer, keys]]),
        readKeys: () => this.#readKeys(),
        judgeCanary: ({ token }) => this.#judgeCanary(token),
        collect: ({ collection }) => this.#report(collection),
        stop: () => this.#stop(),
      },
    );
    this.#logger = createLogRelay(this.channel);
    this.#decisions = new DecisionRelay(this.channel);
    this.#audit = new AuditRelay(this.channel);
    setInterval(() => this.#report(undefined), REPORT_INTERVAL_MS).unref();
  }

  /** One step after the other, in the order in which they were asked for. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const end = this.#steps.then(step);
    this.#steps = end.catch(() => undefined);
    return end;
  }

  async #prepare(preparation: Preparation): Promise<PreparationOutcome> {
    await this.#discard(this.#ready?.version);
    const { version, configuration } = preparation;
    this.#preparing = preparation;
    try {
      this.#ready =
        this.#data === undefined
          ? { version, kind: "first", data: await this.#prepareFirst(preparation) }
          : { version, kind: "next", change: await this.#data.prepare(configuration) };
      return { problems: [] };
    } catch (error) {
      if (error instanceof ConfigurationError) return { problems: error.problems };
      throw error;
    } finally {
      this.#preparing = undefined;
    }
  }

  async #prepareFirst({ configuration, tellsDecisions }: Preparation): Promise<DataSide> {
    const revocations = this.#followFeed(configuration);
    const data = new DataSide(configuration, {
      host: {
        logger: this.#logger,
        clock: Date.now,
        metrics: this.#metrics,
        keyStores: new KeyStores(),
        replay: this.#openReplay(configuration),
        ...(revocations !== undefined && { revocations }),
        ...this.#openAssertions(configuration),
        given: undefined,
        ...this.#auditDecisions(configuration),
        onDecision: tellsDecisions ? (event) => this.#decisions.add(event) : undefined,
        eventLoop: this.#eventLoop,
        isFollower: true,
        shareKeys: () => this.#follow(),
        askStatusLists: () => this.#askStatusLists(),
      },
      awaitParts: (next) => this.#takeKeys(next),
    });
    await this.#takeKeys(data.inForce);
    // Without them nothing is accepted, so that it may begin; but it had better know them.
    if (revocations !== undefined) await settleWithin(revocations.caughtUp(), FIRST_FEED_TIMEOUT_MS);
    return data;
  }

  /** What all workers share decides by itself; what one process remembers is the primary's. */
  #openReplay({ replay }: Configuration): ReplayStore {
    const local = new ReplayRelay((uses) => this.channel.ask("recordUses", { uses }, USES_TIMEOUT_MS));
    if (replay.store === "memory") return local;
    const shared = openReplayStore(replay.store, Date.now);
    return guardReplay(shared, { local, logger: this.#logger, metrics: this.#metrics });
  }

  /** The keys are the primary's alone. */
  #openAssertions({ identityHeaders }: Configuration): { readonly assertions?: AssertionHost } {
    if (identityHeaders.assertion === undefined) return {};
    const relay = new AssertionRelay({
      sign: (requests) => this.channel.ask("signAssertions", { requests }, SIGN_TIMEOUT_MS),
      readKeySet: () => this.channel.ask("readAssertionKeys", {}, SIGN_TIMEOUT_MS),
    });
    return { assertions: relay };
  }

  #auditDecisions({ audit }: Configuration): Pick<Host, "auditDecision"> {
    if (audit === undefined) return {};
    const auditor = new DecisionAuditor({ configuration: audit, sink: this.#audit, clock: Date.now });
    this.#auditor = auditor;
    return { auditDecision: (report) => auditor.record(report) };
  }

  #followFeed({ revocation }: Configuration): FollowedList | undefined {
    if (revocation === undefined) return undefined;
    this.#revocations ??= new FollowedList({
      source: createRelayedFeed(this.channel),
      maxStaleSeconds: revocation.maxStaleSeconds,
      clock: Date.now,
      logger: this.#logger,
      metrics: this.#metrics,
      judges: true,
      transport: typeof revocation.store === "object" && "sqlite" in revocation.store ? "poll" : "push",
    });
    this.#revocations.start();
    return this.#revocations;
  }

  /** The end of the channel for a validator that is being made. */
  #follow(): KeySharing {
    const keysId = this.#preparing?.keysId ?? -1;
    const follower = createKeyFollower({
      ask: (question) => this.channel.ask("askKeys", { keysId, question }, KEYS_TIMEOUT_MS),
    });
    this.#followed.set(keysId, { follower, readiness: undefined, versions: new Map() });
    return follower;
  }

  /** For a validator that is being made: its primary fetches for all workers. */
  #askStatusLists(): AskStatusList {
    const keysId = this.#preparing?.keysId ?? -1;
    return (question) => this.channel.ask("askStatusList", { keysId, question }, KEYS_TIMEOUT_MS);
  }

  /** Before it serves, a configuration has the keys that its primary has. */
  async #takeKeys({ configuration, readiness }: Generation): Promise<void> {
    const { keysId, keys } = this.#preparing ?? { keysId: -1, keys: [] };
    const followed = this.#followed.get(keysId);
    if (followed !== undefined) followed.readiness = readiness;
    for (const issuer of configuration.issuers) {
      if (!isRemoteIssuer(issuer)) readiness.noteKeys(nameIssuer(issuer), undefined);
    }
    await this.#accept(keysId, keys);
  }

  async #accept(keysId: number, changes: readonly (readonly [string, SharedKeys])[]): Promise<undefined> {
    const { follower, readiness, versions } = this.#followed.get(keysId) ?? {};
    for (const [issuer, keys] of changes) {
      await follower?.accept(issuer, keys);
      versions?.set(issuer, Math.max(versions.get(issuer) ?? 0, keys.version));
      if (keys.documents.length > 0) readiness?.noteKeys(issuer, keys.usableUntil);
    }
    return undefined;
  }

  async #commit(version: number): Promise<ServerAddresses> {
    const ready = this.#ready;
    if (ready?.version !== version) throw new Error(`configuration ${version} is not ready`);
    this.#ready = undefined;
    if (ready.kind === "first") {
      this.#data = ready.data;
      await this.#data.open();
    } else this.#data?.commit(ready.change);
    this.#meter();
    return this.#data?.addresses ?? { admin: "" };
  }

  async #discard(version: number | undefined): Promise<undefined> {
    const ready = this.#ready;
    if (ready === undefined || ready.version !== version) return undefined;
    this.#ready = undefined;
    if (ready.kind === "first") await ready.data.close();
    else await this.#data?.discard(ready.change);
    return undefined;
  }

  /** The report goes first, on the same channel: who reads the answer knows of all uses before. */
  #readKeys(): readonly KeysInForce[] {
    this.#report(undefined);
    return [...this.#followed].flatMap(([keysId, { versions }]) =>
      [...versions].map(([issuer, version]) => ({ keysId, issuer, version })),
    );
  }

  #judgeCanary(token: string): Promise<CanaryVerdict> {
    const { validator } = this.#data?.inForce ?? {};
    if (validator === undefined) throw new Error("there is no configuration in force");
    return judgeCanary(validator, token);
  }

  #meter(): void {
    const configuration = this.#data?.inForce.configuration;
    if (configuration === undefined) return;
    const issuers = configuration.issuers.map(nameIssuer);
    this.#metrics.configure({ issuers, remoteIssuers: [], hash: hashConfiguration(configuration) });
  }

  /** Where the primary does not read, what was counted stays here until it does. */
  #report(collection: number | undefined): undefined {
    if (this.channel.isFull) return undefined;
    this.channel.tell("report", { report: this.#metrics.takeReport(), collection });
    return undefined;
  }

  /** Its listeners are closed; connections come no more once the primary knows that of all that stop. */
  async #awaitUnheard(): Promise<void> {
    await this.channel.ask("closed", {}, CLOSED_TIMEOUT_MS).catch(() => undefined);
  }

  async #stop(): Promise<undefined> {
    await this.#discard(this.#ready?.version);
    await this.#data?.close(() => this.#awaitUnheard());
    await this.#revocations?.stop();
    this.#auditor?.close();
    this.#audit.flush();
    this.#decisions.flush();
    this.#report(undefined);
    return undefined;
  }
}

async function settleWithin(work: Promise<void>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const late = wait(timeoutMs, undefined, { signal: timer.signal, ref: false }).catch(() => undefined);
  await Promise.race([work, late]);
  timer.abort();
}
