/**
 * The primary process: it reads no request. It owns what is slow and shared: the configuration and its exchange, the
 * keys' fetches, health and metrics, and the workers, which judge with what it tells them.
 */

import type { ReplayStore, Validator } from "countersign";
import type { AdminSetup } from "../admin/admin-listener.ts";
import type { CanaryVerdicts, HeldKeySet, HeldKeys } from "../admin/held-keys.ts";
import type { AssertionHost } from "../assertion/assertion-keys.ts";
import { requireKeys } from "../await-keys.ts";
import type { Configuration } from "../config/configuration.ts";
import { hashConfiguration } from "../config/hash-configuration.ts";
import type { DecisionListener } from "../decision/decision-event.ts";
import type { WantedDoor } from "../door-set.ts";
import { DoorSet, throwListenProblem } from "../door-set.ts";
import { meterConfiguration } from "../meter-configuration.ts";
import { Reloads } from "../reloads.ts";
import { requireSameStores } from "../revocation/require-same-stores.ts";
import type { Revocations } from "../revocation/revocations.ts";
import type { ReloadOutcome, ServerAddresses, ServingServer } from "../running-server.ts";
import type { Shared } from "../shared.ts";
import type { ValidatorHost, ValidatorParts } from "../shared-validator.ts";
import { shareValidator } from "../shared-validator.ts";
import { VERSION } from "../version.ts";
import { wantAdminDoor } from "../wanted-doors.ts";
import { createAssertionAnswers } from "./assertion-relay.ts";
import { forkWorker } from "./fork-worker.ts";
import { Linger } from "./linger.ts";
import { ListenPlan } from "./listen-plan.ts";
import type { Preparation } from "./messages.ts";
import { PublishedKeys } from "./published-keys.ts";
import { recordUses } from "./replay-relay.ts";
import { WorkerGroup } from "./worker-group.ts";
import type { WorkerListener } from "./worker-process.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface PrimaryHost
  extends Omit<ValidatorHost, "given" | "shareKeys" | "askStatusLists" | "isFollower" | "revocations"> {
  /** First uses that the workers of this machine ask about. */
  readonly localUses: ReplayStore;
  /** Absent where nothing can be revoked. */
  readonly revocations?: Revocations;
  /** Absent where the admin listener has none. */
  readonly api?: AdminSetup["api"];
  /** Absent where no identities are signed. */
  readonly assertions?: AssertionHost;
  readonly onDecision: DecisionListener | undefined;
  /** How many workers a configuration asks for. */
  countWorkers(configuration: Configuration): number;
}

/** What follows from one configuration in this process. */
interface Plan {
  readonly version: number;
  readonly configuration: Configuration;
  readonly hash: string;
  /** With the addresses that workers share. */
  readonly settled: Configuration;
  readonly keys: Shared<ValidatorParts>;
}

const LONGEST_FEED_WAIT_MS = 10_000;

/** Requests under the configuration before may still wait for keys; no fetch takes longer. */
const KEYS_LINGER_MS = 35_000;

/**
 * Starts a primary with its workers; resolves when every worker accepts connections.
 * @throws Error where an address cannot be had or a worker does not start; nothing is left running then.
 */
export async function startPrimary(configuration: Configuration, host: PrimaryHost): Promise<ServingServer> {
  const listening = new ListenPlan();
  const settled = await listening.settle(configuration);
  const primary = new Primary(configuration, { settled, listening, host });
  await primary.open();
  return {
    addresses: primary.addresses,
    get validator() {
      return primary.validator;
    },
    get configuration() {
      return primary.configuration;
    },
    reload: (load) => primary.reload(load),
    close: () => primary.close(),
    failure: primary.failure,
    readKeys: () => primary.readKeys(),
    judgeCanary: (token) => primary.judgeCanary(token),
  };
}

class Primary {
  readonly #host: PrimaryHost;
  readonly #published: PublishedKeys;
  readonly #listening: ListenPlan;
  readonly #doors = new DoorSet();
  readonly #workers: WorkerGroup;
  readonly #reloads: Reloads;
  readonly #linger = new Linger();
  #inForce: Plan;
  #closing: Promise<void> | undefined;
  #fail: (reason: Error) => void = () => undefined;
  readonly failure: Promise<Error> = new Promise((resolve) => {
    this.#fail = resolve;
  });

  constructor(
    configuration: Configuration,
    setup: { readonly settled: Configuration; readonly listening: ListenPlan; readonly host: PrimaryHost },
  ) {
    const { host, listening, settled } = setup;
    const { logger, metrics } = host;
    this.#host = host;
    this.#listening = listening;
    this.#published = new PublishedKeys((keysId, issuer, keys) =>
      this.#workers.tellKeys(keysId, issuer, keys),
    );
    this.#workers = new WorkerGroup({
      logger,
      metrics,
      fork: (listener) => new WorkerProcess(forkWorker(), listener),
      listener: createWorkerListener(host, this.#published),
      describeInForce: () => this.#describe(this.#inForce),
      onGivenUp: (reason) => this.#giveUp(reason),
    });
    if (host.revocations !== undefined) {
      host.revocations.appliedByWorkers = () => this.#workers.appliedPosition;
    }
    this.#inForce = this.#plan(configuration, { settled, version: 1 });
    this.#reloads = new Reloads({
      metrics,
      logger,
      audit: host.audit,
      isStopping: () => this.#closing !== undefined,
      inForce: () => this.#inForce,
      exchange: (next) => this.#exchange(next),
    });
  }

  get addresses(): ServerAddresses {
    return { ...this.#workers.addresses, admin: this.#doors.addresses.admin };
  }

  get configuration(): Configuration {
    return this.#inForce.configuration;
  }

  get validator(): Validator {
    return this.#inForce.keys.value.validator;
  }

  async open(): Promise<void> {
    const { configuration, settled, keys } = this.#inForce;
    try {
      await this.#doors.open([this.#wantDoor(configuration)]);
      keys.value.readiness.start(keys.value.validator);
      await this.#workers.start(this.#host.countWorkers(configuration));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#listening.adopt(settled);
    meterConfiguration(this.#inForce, this.#host);
    const workers = this.#workers.count().serving;
    this.#host.logger.info({ addresses: this.addresses, version: VERSION, workers }, "listening");
  }

  reload(load: () => Promise<Configuration> | Configuration): Promise<ReloadOutcome> {
    return this.#reloads.reload(load);
  }

  async readKeys(): Promise<HeldKeys> {
    const { keysId, keys } = this.#published.describe(this.#inForce.keys.value.keySharing);
    const { processes, answers } = await this.#workers.readKeys();
    const countUpToDate = (issuer: string, version: number): number =>
      answers.filter((inForce) =>
        inForce.some((each) => each.keysId === keysId && each.issuer === issuer && each.version >= version),
      ).length;
    const issuers = keys.map(([name, held]): [string, HeldKeySet] => {
      return [name, { keys: held, upToDate: countUpToDate(name, held.version) }];
    });
    return { processes, issuers: new Map(issuers) };
  }

  async judgeCanary(token: string): Promise<CanaryVerdicts> {
    const { processes, answers: verdicts } = await this.#workers.judgeCanary(token);
    return { processes, verdicts };
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  /** All workers are ready for the next configuration before any of them changes. */
  async #exchange(configuration: Configuration): Promise<void> {
    requireSameStores(configuration, this.#inForce.configuration);
    const settled = await this.#listening.settle(configuration).catch(throwListenProblem);
    const previous = this.#inForce;
    const next = this.#plan(configuration, { settled, version: previous.version + 1, previous });
    const { readiness, validator } = next.keys.value;
    if (readiness !== previous.keys.value.readiness) readiness.start(validator);
    try {
      await requireKeys({ configuration, ...next.keys.value }, { ...previous, ...previous.keys.value });
      const doors = await this.#doors.prepare([this.#wantDoor(configuration)]);
      await this.#workers.prepare(this.#describe(next)).catch(async (error: unknown) => {
        await this.#doors.discard(doors);
        throw error;
      });
      // From here on nothing waits until every worker is told.
      this.#inForce = next;
      this.#doors.commit(doors, 0).catch(() => undefined);
    } catch (error) {
      this.#workers.discard(next.version);
      await this.#release(next);
      throw error;
    }
    await this.#workers.commit(next.version);
    this.#linger.add(KEYS_LINGER_MS, () => this.#release(previous));
    this.#listening.adopt(settled);
    this.#workers.resize(this.#host.countWorkers(configuration), configuration.shutdown.drainTimeoutMs);
    meterConfiguration(next, this.#host);
    this.#host.logger.info(
      { hash: next.hash, addresses: this.addresses },
      "the new configuration is in force",
    );
  }

  #plan(
    configuration: Configuration,
    { settled, version, previous }: Pick<Plan, "settled" | "version"> & { readonly previous?: Plan },
  ): Plan {
    const { revocations, ...others } = this.#host;
    const host: ValidatorHost = {
      ...others,
      ...(revocations !== undefined && { revocations: revocations.followed }),
      given: undefined,
      shareKeys: () => this.#published.open(),
    };
    const keys = shareValidator(configuration, host, previous?.keys);
    this.#published.addStatusLists(keys.value.keySharing, keys.value.statusLists);
    return { version, configuration, settled, keys, hash: hashConfiguration(configuration) };
  }

  /** The keys end with the last configuration that needs them. */
  async #release({ keys }: Plan): Promise<void> {
    await keys.release();
    if (keys !== this.#inForce.keys) this.#published.forget(keys.value.keySharing);
  }

  #describe({ version, settled: configuration, keys }: Plan): Preparation {
    const tellsDecisions = this.#host.onDecision !== undefined;
    return { version, configuration, tellsDecisions, ...this.#published.describe(keys.value.keySharing) };
  }

  #wantDoor(configuration: Configuration): WantedDoor {
    const { revocations, api, assertions } = this.#host;
    return wantAdminDoor(configuration, {
      metrics: this.#host.metrics,
      readiness: { list: () => this.#inForce.keys.value.readiness.list() },
      isStopping: () => this.#closing !== undefined,
      workers: { count: () => this.#workers.count(), collect: () => this.#workers.collect() },
      ...(revocations !== undefined && { revocation: () => revocations.readiness() }),
      ...(api !== undefined && { api }),
      ...(assertions !== undefined && { assertions }),
    });
  }

  #giveUp(reason: Error): void {
    this.close()
      .catch((error: unknown) => this.#host.logger.error({ err: error }, "a part could not be closed"))
      .finally(() => this.#fail(reason));
  }

  async #stop(): Promise<void> {
    await this.#reloads?.settled();
    const { keys, configuration } = this.#inForce;
    keys.value.readiness.stop();
    await this.#workers.stop(configuration.shutdown.drainTimeoutMs);
    await this.#doors.close({ timeoutMs: 0 });
    await this.#linger.end();
    await keys.release();
    this.#host.logger.info({}, "stopped");
  }
}

/** @throws Error where nothing can be revoked. */
function requireFeed({ revocations }: PrimaryHost): Revocations {
  if (revocations !== undefined) return revocations;
  throw new Error("there is no feed of revocations");
}

/** What the primary does about what its workers say. */
function createWorkerListener(host: PrimaryHost, published: PublishedKeys): WorkerListener {
  const { metrics, logger, onDecision } = host;
  const assertions = createAssertionAnswers(host.assertions);
  return {
    askKeys: (_worker, { keysId, question }) => published.answer(keysId, question),
    recordUses: (_worker, { uses }) => recordUses(host.localUses, uses),
    signAssertions: (_worker, { requests }) => assertions.signAssertions(requests),
    readAssertionKeys: () => assertions.readAssertionKeys(),
    readFeed: (_worker, query) => requireFeed(host).feed.readRecent(query),
    async awaitFeed(worker, { after, timeoutMs }) {
      const revocations = requireFeed(host);
      worker.appliedPosition = after;
      revocations.noteProgress();
      await revocations.feed.waitForRecent(after, Math.min(timeoutMs, LONGEST_FEED_WAIT_MS));
      return undefined;
    },
    askStatusList: (_worker, { keysId, question }) => published.findStatusList(keysId, question),
    report(worker, { report }) {
      metrics.addReport(worker.id, report);
      return undefined;
    },
    decisions(worker, { events, dropped }) {
      if (dropped > 0)
        logger.warn({ worker: worker.id, dropped }, "there were too many decisions to show them all");
      for (const event of events) {
        try {
          onDecision?.(event);
        } catch (error) {
          logger.error({ err: error }, "a decision listener threw");
        }
      }
      return undefined;
    },
    audit(worker, { drafts, lost }) {
      if (lost > 0) host.audit?.trail.recordLoss(lost);
      for (const draft of drafts) host.audit?.record({ ...draft, worker: worker.id });
      return undefined;
    },
    log(worker, { level, fields, message }) {
      logger[level]({ worker: worker.id, ...fields }, message);
      return undefined;
    },
  };
}
