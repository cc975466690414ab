/** Reads the stored key set once and writes it after each success, without anyone waiting for a slow store. */

import type { Clock, KeySetStore } from "../ports.ts";
import { readStoredKeySet, type StoredFor, type StoredKeySet, writeStoredKeySet } from "./stored-key-set.ts";

export interface StoreKeeperOptions {
  readonly store: KeySetStore;
  readonly owner: StoredFor;
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Told of failures: a store that does not work must be seen, but never stops anything. */
  readonly report: (operation: "read" | "write", detail: string) => void;
}

export class StoreKeeper {
  readonly #options: StoreKeeperOptions;
  #reading: Promise<StoredKeySet | undefined> | undefined;
  #writing: Promise<void> | undefined;
  #next: StoredKeySet | undefined;

  constructor(options: StoreKeeperOptions) {
    this.#options = options;
  }

  /** Starts reading; nobody waits. */
  startReading(): void {
    this.#reading ??= this.#readOnce();
  }

  /** What is stored; the first call starts reading, later ones share it. Never rejects; may never settle. */
  read(): Promise<StoredKeySet | undefined> {
    this.#reading ??= this.#readOnce();
    return this.#reading;
  }

  /** Writes in the background, one at a time; of several that wait, only the last is written. */
  write(stored: StoredKeySet): void {
    this.#next = stored;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #readOnce(): Promise<StoredKeySet | undefined> {
    const { store, owner, maxBytes, clock, report } = this.#options;
    try {
      const content: unknown = await store.read();
      if (content === undefined) return undefined;
      if (typeof content !== "string") throw new TypeError("expected text or undefined");
      const stored = readStoredKeySet(content, { owner, maxBytes, nowMs: clock() });
      if (!("problem" in stored)) return stored;
      report("read", `what is stored is ignored: ${stored.problem}`);
    } catch (error) {
      report("read", describe(error));
    }
    return undefined;
  }

  async #writeAll(): Promise<void> {
    const { store, owner, report } = this.#options;
    for (let stored = this.#next; stored !== undefined; stored = this.#next) {
      this.#next = undefined;
      try {
        await store.write(writeStoredKeySet(stored, owner));
      } catch (error) {
        report("write", describe(error));
      }
    }
    this.#writing = undefined;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : "the store failed";
}
