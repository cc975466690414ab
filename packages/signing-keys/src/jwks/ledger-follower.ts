/** Reads a ledger again and again, and never goes back to an older one. */

import type { KeyLedger } from "../lifecycle/key-ledger.ts";
import type { KeyStore } from "../lifecycle/key-store.ts";
import { readLedger } from "../lifecycle/read-ledger.ts";

export interface LedgerFollowerOptions {
  readonly store: Pick<KeyStore, "read">;
  readonly intervalMs: number;
  /** Told of each ledger that is newer than the one before. What it throws fails the refresh. */
  readonly onLedger?: (ledger: KeyLedger) => Promise<void> | void;
  /** Told where the store cannot be read; it is tried again. */
  readonly onFailure?: (error: unknown) => void;
}

export interface SeenLedger {
  readonly ledger: KeyLedger;
  /** `performance.now()` from before the read that last confirmed it. */
  readonly confirmedAtMs: number;
}

export class LedgerFollower {
  readonly #options: LedgerFollowerOptions;
  #seen: SeenLedger | undefined;
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: LedgerFollowerOptions) {
    this.#options = options;
  }

  /** Undefined until the store was read for the first time. */
  get seen(): SeenLedger | undefined {
    return this.#seen;
  }

  /** Reads once, and from then on at every interval. Rejects where the first reading fails; it goes on all the same. */
  async start(): Promise<void> {
    try {
      await this.refresh();
    } finally {
      this.#schedule();
    }
  }

  /** Reads now; callers at the same time share one reading. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** No reading begins afterwards; one that goes on is waited for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#refreshing?.catch(() => undefined);
  }

  async #read(): Promise<void> {
    const confirmedAtMs = performance.now();
    const stored = await this.#options.store.read();
    if (stored === undefined) throw new Error("the store holds no keys; `keys init` makes the first");
    const before = this.#seen?.ledger;
    // An older one comes from a replica that is behind, or a backup: neither takes back what is known.
    if (before !== undefined && stored.version < before.version) {
      throw new Error(`the store went back from version ${before.version} to ${stored.version}`);
    }
    if (before?.version === stored.version) {
      this.#seen = { ledger: before, confirmedAtMs };
      return;
    }
    const ledger = readLedger(stored.text);
    await this.#options.onLedger?.(ledger);
    this.#seen = { ledger, confirmedAtMs };
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.refresh()
        .catch((error: unknown) => this.#options.onFailure?.(error))
        .finally(() => this.#schedule());
    }, this.#options.intervalMs);
    this.#timer.unref();
  }
}
