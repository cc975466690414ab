import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Clock, ReplayStore } from "countersign";
import { isBusy, openSqlite, prepareOnce, type SqliteKind } from "./open-sqlite.ts";
import { readExpiry } from "./replay-expiry.ts";
import { retryWithBackoff } from "./retry-with-backoff.ts";
import { StoreUnavailableError } from "./revocation-store.ts";

export interface SqliteReplayOptions {
  /** A file of its own in a folder that exists; never on a network file system. */
  readonly path: string;
  /** For how long a call may wait for other processes. Default 1000; 10..60000. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
}

/** A use outlives the crash of every process. A power cut may take back the last ones, which a flush each would not. */
const KIND: SqliteKind = {
  applicationId: 0x43_53_55_53,
  schema: `
    CREATE TABLE IF NOT EXISTS uses (key BLOB PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS uses_expiry ON uses (expires_at)
  `,
  durability: "normal",
};

const DEFAULT_TIMEOUT_MS = 1000;
/** Each so many uses, at most twice as many that expired are forgotten. */
const USES_BETWEEN_CLEARING = 64;

/** First use among all processes of a machine. */
export class SqliteReplayStore implements ReplayStore {
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #database: DatabaseSync | undefined;
  #uses = 0;

  /** @throws RangeError where an option is outside its bounds. */
  constructor({ path, timeoutMs = DEFAULT_TIMEOUT_MS, clock = Date.now }: SqliteReplayOptions) {
    if (!Number.isInteger(timeoutMs) || timeoutMs < 10 || timeoutMs > 60_000) {
      throw new RangeError("timeoutMs: expected a whole number from 10 to 60000");
    }
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  async use(key: string, expiresAtMs: number): Promise<"first" | "seen"> {
    const nowMs = Math.floor(this.#clock());
    const expiresAt = readExpiry(expiresAtMs, nowMs);
    const name = createHash("sha256").update(key).digest();
    return this.#run((database) => {
      // One statement: whoever finds no use that is in force makes its own, before anybody else looks.
      const { changes } = prepareOnce(
        database,
        `INSERT INTO uses VALUES (?, ?)
           ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?`,
      ).run(name, expiresAt, nowMs);
      this.#uses++;
      if (this.#uses % USES_BETWEEN_CLEARING === 0) this.#clearOut(database, nowMs);
      return Number(changes) === 1 ? "first" : "seen";
    });
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#database?.close();
    this.#database = undefined;
  }

  #clearOut(database: DatabaseSync, nowMs: number): void {
    try {
      prepareOnce(
        database,
        "DELETE FROM uses WHERE key IN (SELECT key FROM uses WHERE expires_at <= ? LIMIT ?)",
      ).run(nowMs, USES_BETWEEN_CLEARING * 2);
    } catch (error) {
      // The use is recorded; clearing out can wait.
      if (!isBusy(error)) throw error;
    }
  }

  async #run<T>(work: (database: DatabaseSync) => T): Promise<T> {
    const { signal } = this.#closing;
    try {
      return await retryWithBackoff(
        () => {
          this.#database ??= openSqlite(this.#path, KIND).database;
          return work(this.#database);
        },
        { isTransient: isBusy, timeoutMs: this.#timeoutMs, signal },
      );
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      const detail = error instanceof Error ? error.message : "failed without saying why";
      throw new StoreUnavailableError(`the store in ${this.#path} failed: ${detail}`, { cause: error });
    }
  }
}
