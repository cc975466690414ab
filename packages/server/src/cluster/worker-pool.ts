/** Keeps so many workers: starts them, replaces those that end, ends those that are silent, and gives up on a loop of crashes. */

import type { Metrics, WorkerExit } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { RestartPolicy } from "./restart-policy.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface WorkerPoolSetup {
  readonly logger: OperationalLog;
  readonly metrics: Pick<Metrics, "setWorkers" | "recordWorkerExit" | "forgetWorker">;
  /** @throws Error where no process can be made. */
  fork(): WorkerProcess;
  /** Gives it the configuration in force and has it take connections; then its state is "serving". */
  bringUp(worker: WorkerProcess): Promise<void>;
  /** Told once, when replacing workers is given up. */
  onGivenUp(reason: Error): void;
}

const WATCH_INTERVAL_MS = 1000;
/** A worker that has said nothing for so long is replaced: whatever it does, it does not answer. */
const LONGEST_SILENCE_SECONDS = 30;
/** For what is said after the last request has ended. */
const STOP_MARGIN_MS = 3000;

export class WorkerPool {
  readonly #setup: WorkerPoolSetup;
  readonly #policy = new RestartPolicy();
  readonly #workers = new Set<WorkerProcess>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  readonly #watch: NodeJS.Timeout;
  #wanted = 0;
  /** Before all have served once, the first failure is the start's. */
  #hasStarted = false;
  #isStopping = false;

  constructor(setup: WorkerPoolSetup) {
    this.#setup = setup;
    this.#watch = setInterval(() => this.#checkSilence(), WATCH_INTERVAL_MS);
    this.#watch.unref();
  }

  /** Those that take connections. */
  get serving(): readonly WorkerProcess[] {
    return [...this.#workers].filter(({ state }) => state === "serving");
  }

  /** All that have a channel. */
  get all(): readonly WorkerProcess[] {
    return [...this.#workers];
  }

  count(): { readonly serving: number; readonly wanted: number } {
    const serving = [...this.#workers].filter(({ isAnswering }) => isAnswering).length;
    return { serving, wanted: this.#wanted };
  }

  /** Resolves when all serve. @throws Error of the first that fails. */
  async start(count: number): Promise<void> {
    this.#wanted = count;
    await Promise.all(Array.from({ length: count }, () => this.#add()));
    this.#hasStarted = true;
    this.#meter();
  }

  /** Adds workers, or ends some; nobody waits for it. */
  resize(count: number, drainTimeoutMs: number): void {
    this.#wanted = count;
    for (let missing = count - this.#size(); missing > 0; missing--) this.#replace(0);
    const surplus = this.serving.slice(count);
    for (const worker of surplus) this.#end(worker, drainTimeoutMs).catch(() => undefined);
    this.#meter();
  }

  /** Ends all of them; what is in flight has `drainTimeoutMs`. */
  async stop(drainTimeoutMs: number): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    await Promise.all(this.all.map((worker) => this.#end(worker, drainTimeoutMs)));
  }

  /** Workers that are there or about to be, without those that are to end. */
  #size(): number {
    return this.all.filter(({ state }) => state !== "stopping").length + this.#restarts.size;
  }

  async #end(worker: WorkerProcess, drainTimeoutMs: number): Promise<void> {
    // One that never served has nothing in flight.
    if (worker.state === "starting") await worker.abandon();
    else await worker.stop(drainTimeoutMs + STOP_MARGIN_MS);
  }

  async #add(): Promise<void> {
    const worker = this.#setup.fork();
    worker.awaitOthers = () =>
      Promise.all(this.all.filter(({ state }) => state === "stopping").map(({ unheard }) => unheard));
    this.#workers.add(worker);
    const { logger } = this.#setup;
    worker.ended
      .then((how) => this.#onEnd(worker, how))
      .catch((error: unknown) => logger.error({ err: error }, "a worker's end could not be handled"));
    try {
      await worker.started();
      await this.#setup.bringUp(worker);
      this.#meter();
    } catch (error) {
      if (worker.state !== "stopping" && worker.state !== "gone") worker.kill("failed");
      await worker.ended;
      throw error;
    }
  }

  #onEnd(worker: WorkerProcess, how: string): void {
    const { logger, metrics } = this.#setup;
    const wasToldTo = this.#isStopping || worker.wasToldToEnd;
    this.#workers.delete(worker);
    metrics.forgetWorker(worker.id);
    this.#meter();
    if (wasToldTo) return;
    const cause: WorkerExit = worker.killedFor ?? "crashed";
    metrics.recordWorkerExit(cause);
    logger.error({ worker: worker.id, pid: worker.pid, how, cause }, "a worker has ended");
    if (!this.#hasStarted) return;
    const delayMs = this.#policy.next(worker.livedMs);
    if (delayMs === undefined) this.#giveUp(how);
    else if (this.#size() < this.#wanted) this.#replace(delayMs);
  }

  #replace(delayMs: number): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      if (this.#isStopping || this.#size() >= this.#wanted) return;
      this.#add().catch((error: unknown) => {
        if (this.#isStopping) return;
        this.#setup.logger.error({ err: error }, "a worker could not be brought up");
      });
    }, delayMs);
    this.#restarts.add(timer);
  }

  #giveUp(how: string): void {
    if (this.#isStopping) return;
    const reason = new Error(
      `workers end again and again before they have worked for a while (the last: ${how})`,
    );
    this.#setup.logger.error({ err: reason }, "the sidecar gives up");
    this.#setup.onGivenUp(reason);
  }

  #checkSilence(): void {
    for (const worker of this.#workers) {
      worker.silentSeconds++;
      if (worker.state !== "serving" || worker.silentSeconds <= LONGEST_SILENCE_SECONDS) continue;
      const fields = { worker: worker.id, pid: worker.pid, seconds: worker.silentSeconds };
      this.#setup.logger.error(fields, "a worker is silent and is replaced");
      worker.kill("silent");
    }
    this.#meter();
  }

  #meter(): void {
    this.#setup.metrics.setWorkers(this.count());
  }
}
