import type { WorkerProcess } from "./worker-process.ts";

const COLLECT_TIMEOUT_MS = 250;

/** Waits until workers have told what they counted, but not for those that are slow: what they told before counts. */
export class ReportCollection {
  #number = 0;
  #missing = new Set<number>();
  #end: (() => void) | undefined;
  #running: Promise<void> | undefined;

  /** One collection at a time; who asks meanwhile shares it. Never rejects. */
  collect(workers: readonly WorkerProcess[]): Promise<void> {
    this.#running ??= this.#run(workers).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** A worker's report has come. */
  note(worker: number, collection: number | undefined): void {
    if (collection !== this.#number) return;
    this.#missing.delete(worker);
    if (this.#missing.size === 0) this.#end?.();
  }

  async #run(workers: readonly WorkerProcess[]): Promise<void> {
    const collection = ++this.#number;
    this.#missing = new Set();
    for (const { channel, id } of workers) {
      if (channel.tell("collect", { collection })) this.#missing.add(id);
    }
    if (this.#missing.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, COLLECT_TIMEOUT_MS);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
