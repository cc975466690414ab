import type { DatabaseSync } from "node:sqlite";
import type { Clock, Revocation } from "countersign";
import { checkLift, checkLimit, checkQuery, checkRead, checkRevocations, checkWait } from "./check-bounds.ts";
import type { InstanceRegistry, InstanceReport, KnownInstance } from "./instance-registry.ts";
import {
  isBusy,
  openSqlite,
  prepareOnce,
  readFileNumber,
  runTransaction,
  type SqliteFile,
} from "./open-sqlite.ts";
import { pause, retryWithBackoff } from "./retry-with-backoff.ts";
import {
  type AppendResult,
  type ChangeQuery,
  type FeedPage,
  type LiftResult,
  RETENTION_MS,
  type RevocationLift,
  type RevocationListing,
  type RevocationQuery,
  type RevocationStore,
  StoreUnavailableError,
} from "./revocation-store.ts";
import { appendRow, liftRow, listRows, readHead, readPage } from "./sqlite-feed.ts";
import { deleteInstance, INSTANCES_SCHEMA, readInstances, writeInstance } from "./sqlite-instances.ts";
import { FEED_SCHEMA } from "./sqlite-rows.ts";

export interface SqliteStoreOptions {
  /** A file of its own in a folder that exists; never on a network file system. */
  readonly path: string;
  /** For how long a call may wait for other processes. Default 5000; 10..60000. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
}

const KIND = {
  applicationId: 0x43_53_52_56,
  schema: `${FEED_SCHEMA}; ${INSTANCES_SCHEMA}`,
  durability: "full",
} as const;
const DEFAULT_TIMEOUT_MS = 5000;
/** How often the file is looked at for what other processes wrote. */
const POLL_MS = 20;

/** Revocations in a file, shared by all processes of a machine. */
export class SqliteRevocationStore implements RevocationStore, InstanceRegistry {
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #file: SqliteFile | undefined;

  constructor({ path, timeoutMs = DEFAULT_TIMEOUT_MS, clock = Date.now }: SqliteStoreOptions) {
    if (!Number.isInteger(timeoutMs) || timeoutMs < 10 || timeoutMs > 60_000) {
      throw new RangeError("timeoutMs: expected a whole number from 10 to 60000");
    }
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  async append(revocations: readonly Revocation[]): Promise<readonly AppendResult[]> {
    checkRevocations(revocations);
    const nowMs = Math.floor(this.#clock());
    return this.#run((database) =>
      runTransaction(database, () =>
        revocations.map((revocation) => appendRow(database, { revocation, nowMs })),
      ),
    );
  }

  async lift(lift: RevocationLift): Promise<LiftResult> {
    checkLift(lift);
    const nowMs = Math.floor(this.#clock());
    return this.#run((database) => runTransaction(database, () => liftRow(database, { lift, nowMs })));
  }

  async read(query: { readonly after: number; readonly limit: number }): Promise<FeedPage> {
    checkRead(query);
    return this.#run((database) => readPage(database, query));
  }

  async waitForChange(query: ChangeQuery): Promise<undefined> {
    checkWait(query);
    const { after, timeoutMs, signal } = query;
    const deadline = performance.now() + timeoutMs;
    const either = AbortSignal.any([signal, this.#closing.signal]);
    while (!either.aborted && performance.now() < deadline) {
      const { position } = await this.#run(readHead);
      if (position !== after) return undefined;
      await pause(POLL_MS, either);
    }
    return undefined;
  }

  async list(query: RevocationQuery): Promise<RevocationListing> {
    checkQuery(query);
    return this.#run((database) => listRows(database, query));
  }

  async expire(limit: number): Promise<number> {
    checkLimit(limit);
    const until = this.#clock() - RETENTION_MS;
    if (!Number.isFinite(until)) return 0;
    return this.#run((database) =>
      Number(
        prepareOnce(
          database,
          "DELETE FROM feed WHERE position IN (SELECT position FROM feed WHERE expires_at <= ? LIMIT ?)",
        ).run(Math.floor(until), limit).changes,
      ),
    );
  }

  async report(report: InstanceReport): Promise<void> {
    const nowMs = Math.floor(this.#clock());
    await this.#run((database) => writeInstance(database, { report, nowMs }));
  }

  async listInstances(): Promise<readonly KnownInstance[]> {
    return this.#run((database) => readInstances(database, Math.floor(this.#clock())));
  }

  async forgetInstance(id: string): Promise<void> {
    await this.#run((database) => deleteInstance(database, id));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#file?.database.close();
    this.#file = undefined;
  }

  async #run<T>(work: (database: DatabaseSync) => T): Promise<T> {
    const { signal } = this.#closing;
    try {
      const options = { isTransient: isBusy, timeoutMs: this.#timeoutMs, signal };
      return await retryWithBackoff(() => work(this.#open()), options);
    } catch (error) {
      if (!isSqliteError(error)) throw error;
      throw new StoreUnavailableError(`the store in ${this.#path} failed: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** What was put in the place of the file, such as a backup, is what counts. */
  #open(): DatabaseSync {
    if (this.#file !== undefined && this.#file.fileNumber !== readFileNumber(this.#path)) {
      this.#file.database.close();
      this.#file = undefined;
    }
    this.#file ??= openSqlite(this.#path, KIND);
    return this.#file.database;
  }
}

function isSqliteError(error: unknown): error is Error {
  return error instanceof Error && (error as { readonly code?: unknown }).code === "ERR_SQLITE_ERROR";
}
