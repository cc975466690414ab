/** The workers as one: a configuration comes into force in all of them or in none. */

import { ConfigurationError } from "countersign";
import type { SharedKeys } from "countersign/sharing";

import type { CanaryVerdict, ProcessCount } from "../admin/held-keys.ts";
import type { ServerAddresses } from "../running-server.ts";
import type { KeysInForce, Preparation } from "./messages.ts";
import { ReportCollection } from "./report-collection.ts";
import type { WorkerPoolSetup } from "./worker-pool.ts";
import { WorkerPool } from "./worker-pool.ts";
import type { WorkerListener, WorkerProcess } from "./worker-process.ts";

export interface WorkerGroupSetup extends Pick<WorkerPoolSetup, "logger" | "metrics" | "onGivenUp"> {
  fork(listener: WorkerListener): WorkerProcess;
  readonly listener: WorkerListener;
  /** What a worker that starts is given: the configuration in force with the keys of now. */
  describeInForce(): Preparation;
}

/** For importing keys, compiling policies and opening listeners. */
const PREPARE_TIMEOUT_MS = 15_000;
const COMMIT_TIMEOUT_MS = 5000;
/** One that takes longer is as good as frozen. */
const ASK_TIMEOUT_MS = 1000;

interface Asked<Answer> {
  readonly processes: ProcessCount;
  readonly answers: readonly Answer[];
}

export class WorkerGroup {
  readonly #setup: WorkerGroupSetup;
  readonly #pool: WorkerPool;
  readonly #collection = new ReportCollection();
  #addresses: ServerAddresses | undefined;

  constructor(setup: WorkerGroupSetup) {
    const { listener } = setup;
    this.#setup = setup;
    const report: WorkerListener["report"] = (worker, body) => {
      this.#collection.note(worker.id, body.collection);
      return listener.report(worker, body);
    };
    this.#pool = new WorkerPool({
      ...setup,
      fork: () => setup.fork({ ...listener, report }),
      bringUp: (worker) => this.#bringUp(worker),
    });
  }

  /** Where the workers listen. */
  get addresses(): Partial<ServerAddresses> {
    return this.#addresses ?? {};
  }

  /** Of the one that is furthest behind; Infinity where none serves. */
  get appliedPosition(): number {
    return Math.min(...this.#pool.serving.map((worker) => worker.appliedPosition));
  }

  /** Resolves when all serve. @throws Error of the first that fails, such as of an address that cannot be had. */
  start(count: number): Promise<void> {
    return this.#pool.start(count);
  }

  count(): { readonly serving: number; readonly wanted: number } {
    return this.#pool.count();
  }

  /** Resolves when every worker is ready for it, those too that came meanwhile. @throws ConfigurationError where one is not. */
  async prepare(preparation: Preparation): Promise<void> {
    const ready = new Set<WorkerProcess>();
    for (;;) {
      const others = this.#pool.serving.filter((worker) => !ready.has(worker));
      if (others.length === 0) return;
      const silent = others.find(({ isAnswering }) => !isAnswering);
      if (silent !== undefined) throw new ConfigurationError([describeFailure(silent.id, SILENT)]);
      await Promise.all(others.map((worker) => prepareWorker(worker, preparation)));
      for (const worker of others) ready.add(worker);
    }
  }

  /**
   * Tells all at once, before anything else can happen; resolves when the last has done it. One that does not is
   * replaced: no answer of the configuration before is given after that.
   */
  async commit(version: number): Promise<void> {
    const commits = this.#pool.serving.map(async (worker) => {
      try {
        this.#addresses = await worker.channel.ask("commit", { version }, COMMIT_TIMEOUT_MS);
      } catch (error) {
        if (worker.state !== "serving") return;
        this.#setup.logger.error(
          { err: error, worker: worker.id },
          "a worker did not change its configuration",
        );
        worker.kill("failed");
        await worker.ended;
      }
    });
    await Promise.all(commits);
  }

  /** Nobody waits for it: what a worker still holds ready is forgotten with the next at the latest. */
  discard(version: number): void {
    for (const { channel } of this.#pool.serving) {
      channel.ask("discard", { version }, COMMIT_TIMEOUT_MS).catch(() => undefined);
    }
  }

  tellKeys(keysId: number, issuer: string, keys: SharedKeys): void {
    for (const { channel, state } of this.#pool.all) {
      if (state === "gone") continue;
      channel.tellState("keys", `${keysId} ${issuer}`, { keysId, issuer, keys });
    }
  }

  /** Brings the metrics of all workers up to date, as far as that takes no long time. */
  collect(): Promise<void> {
    return this.#collection.collect(this.#pool.serving);
  }

  /** What those that serve and answer in time say of their keys. */
  async readKeys(): Promise<Asked<readonly KeysInForce[]>> {
    return this.#askEach((worker) => worker.channel.ask("readKeys", {}, ASK_TIMEOUT_MS));
  }

  async judgeCanary(token: string): Promise<Asked<CanaryVerdict>> {
    return this.#askEach((worker) => worker.channel.ask("judgeCanary", { token }, ASK_TIMEOUT_MS));
  }

  async #askEach<Answer>(ask: (worker: WorkerProcess) => Promise<Answer>): Promise<Asked<Answer>> {
    const asked = await Promise.allSettled(this.#pool.serving.map(ask));
    const answers = asked.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    return { processes: { judging: asked.length, answered: answers.length }, answers };
  }

  resize(count: number, drainTimeoutMs: number): void {
    this.#pool.resize(count, drainTimeoutMs);
  }

  stop(drainTimeoutMs: number): Promise<void> {
    return this.#pool.stop(drainTimeoutMs);
  }

  /** A new worker gets the configuration in force, again where that has changed meanwhile, and then connections. */
  async #bringUp(worker: WorkerProcess): Promise<void> {
    const { describeInForce } = this.#setup;
    let preparation: Preparation;
    do {
      preparation = describeInForce();
      await prepareWorker(worker, preparation);
    } while (preparation.version !== describeInForce().version);
    // From here on it takes part in every change of the configuration.
    worker.state = "serving";
    const { version } = preparation;
    this.#addresses = await worker.channel.ask("commit", { version }, COMMIT_TIMEOUT_MS);
  }
}

/** @throws ConfigurationError where it is refused, or the worker does not answer. */
async function prepareWorker({ channel, id }: WorkerProcess, preparation: Preparation): Promise<void> {
  const { problems } = await channel
    .ask("prepare", preparation, PREPARE_TIMEOUT_MS)
    .catch((error: unknown) => ({ problems: [describeFailure(id, error)] }));
  const [first, ...others] = problems;
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
}

const SILENT = new Error("it does not answer");

function describeFailure(id: number, error: unknown): ConfigurationError["problems"][number] {
  const reason = error instanceof Error ? error.message : "failed without saying why";
  return {
    path: "(root)",
    problem: `worker ${id} could not prepare the configuration: ${reason}`,
    remedy: "See the log for the worker's own words, then read the file again with SIGHUP.",
  };
}
