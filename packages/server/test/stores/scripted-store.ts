/** A store in memory whose history a test can change behind the back of those who follow it. */

import {
  type FeedChange,
  type FeedHead,
  type FeedPage,
  type FeedRecord,
  type RevocationStore,
  StoreUnavailableError,
} from "../../src/stores/revocation-store.ts";

export class ScriptedStore implements RevocationStore {
  records: FeedRecord[] = [];
  head: FeedHead = { position: 0, mark: "" };
  isAway = false;
  /** Whether records come with the news of them. */
  bringsNews = false;
  expired: number[] = [];
  reads = 0;
  #marks = 0;
  #wake: (() => void)[] = [];

  add(...changes: readonly (FeedChange | undefined)[]): void {
    for (const change of changes) {
      this.#marks++;
      const record = {
        position: this.head.position + 1,
        mark: `mark-${this.#marks}`,
        previousMark: this.head.mark,
        change,
      };
      this.records.push(record);
      this.head = record;
    }
    this.wake();
  }

  /** Takes the history back to what it was at a position. */
  restore(position: number): void {
    this.records = this.records.filter((record) => record.position <= position);
    this.head = this.records.at(-1) ?? { position: 0, mark: "" };
    this.wake();
  }

  wake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async read({ after, limit }: { readonly after: number; readonly limit: number }): Promise<FeedPage> {
    this.reads++;
    if (this.isAway) throw new StoreUnavailableError("away");
    const { position, mark } = this.head;
    const records = this.records.filter((record) => record.position > after).slice(0, limit);
    return { records, head: { position, mark } };
  }

  async waitForChange({
    after,
    limit,
    timeoutMs,
    signal,
  }: Parameters<RevocationStore["waitForChange"]>[0]): Promise<FeedPage | undefined> {
    if (this.isAway) throw new StoreUnavailableError("away");
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#wake.push(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
    if (!this.bringsNews || limit === undefined) return undefined;
    const records = this.records.filter((record) => record.position > after).slice(0, limit);
    const last = records.at(-1);
    return last && { records, head: { position: last.position, mark: last.mark } };
  }

  async expire(limit: number): Promise<number> {
    this.expired.push(limit);
    if (this.isAway) throw new StoreUnavailableError("away");
    return 0;
  }

  append(): never {
    throw new Error("not used here");
  }

  lift(): never {
    throw new Error("not used here");
  }

  list(): never {
    throw new Error("not used here");
  }

  async close(): Promise<void> {}
}
