import { randomInt } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "countersign";

import { isBusy, openSqlite, prepareOnce, runTransaction, type SqliteKind } from "./open-sqlite.ts";
import { retryWithBackoff } from "./retry-with-backoff.ts";
import { StoreUnavailableError } from "./revocation-store.ts";
import {
  type AllocationRequest,
  checkAllocation,
  chooseFirstList,
  countPlaces,
  createFullError,
  type IndexedToken,
  LIST_GRACE_MS,
  MAX_LISTS,
  type StatusEntry,
  type StatusIndex,
  type StatusIndexStore,
} from "./status-index-store.ts";

export interface SqliteStatusIndexOptions {
  /** A file of its own in a folder that exists; never on a network file system. */
  readonly path: string;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
}

/** The last number of an issuer outlives its lists, so that no list begins again under an old one. */
const KIND: SqliteKind = {
  applicationId: 0x43_53_53_4c,
  schema: `
    CREATE TABLE IF NOT EXISTS issuers (issuer TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS lists (issuer TEXT NOT NULL, list INTEGER NOT NULL, capacity INTEGER NOT NULL,
      used INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (issuer, list)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS entries (issuer TEXT NOT NULL, list INTEGER NOT NULL, idx INTEGER NOT NULL,
      jti TEXT NOT NULL, token TEXT NOT NULL, PRIMARY KEY (issuer, list, idx)) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX IF NOT EXISTS entries_jti ON entries (issuer, jti)
  `,
  durability: "full",
};
const TIMEOUT_MS = 5000;
const PAGE_SIZE = 250;

/** Indices in a file, shared by all processes of a machine. */
export class SqliteStatusIndexStore implements StatusIndexStore {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #database: DatabaseSync | undefined;

  constructor({ path, clock = Date.now }: SqliteStatusIndexOptions) {
    this.#path = path;
    this.#clock = clock;
  }

  async allocate(request: AllocationRequest): Promise<readonly StatusIndex[]> {
    checkAllocation(request);
    const nowMs = Math.floor(this.#clock());
    return this.#run((database) =>
      runTransaction(database, () => {
        expireLists(database, nowMs);
        return request.tokens.map((token) => place(database, { ...request, token, nowMs }));
      }),
    );
  }

  async listLists(issuer: string): Promise<readonly number[]> {
    const nowMs = Math.floor(this.#clock());
    return this.#run((database) =>
      prepareOnce(database, "SELECT list FROM lists WHERE issuer = ? AND expires_at > ? ORDER BY list")
        .all(issuer, nowMs - LIST_GRACE_MS)
        .map(({ list }) => Number(list)),
    );
  }

  async *readPages(issuer: string, list: number): AsyncIterable<readonly StatusEntry[]> {
    for (let after = -1; ; ) {
      const start = after;
      const rows = await this.#run((database) =>
        prepareOnce(
          database,
          "SELECT idx, token FROM entries WHERE issuer = ? AND list = ? AND idx > ? ORDER BY idx LIMIT ?",
        ).all(issuer, list, start, PAGE_SIZE),
      );
      if (rows.length > 0) {
        yield rows.map((row) => ({
          index: Number(row["idx"]),
          token: JSON.parse(String(row["token"])) as IndexedToken,
        }));
      }
      if (rows.length < PAGE_SIZE) return;
      after = Number(rows.at(-1)?.["idx"]);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#database?.close();
    this.#database = undefined;
  }

  async #run<T>(work: (database: DatabaseSync) => T): Promise<T> {
    const options = { isTransient: isBusy, timeoutMs: TIMEOUT_MS, signal: this.#closing.signal };
    try {
      return await retryWithBackoff(() => {
        this.#database ??= openSqlite(this.#path, KIND).database;
        return work(this.#database);
      }, options);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "ERR_SQLITE_ERROR") throw error;
      const detail = error instanceof Error ? error.message : "failed without saying why";
      throw new StoreUnavailableError(`the store in ${this.#path} failed: ${detail}`, { cause: error });
    }
  }
}

interface Placing {
  readonly issuer: string;
  readonly capacity: number;
  readonly token: IndexedToken;
  readonly nowMs: number;
}

function place(database: DatabaseSync, { issuer, capacity, token, nowMs }: Placing): StatusIndex {
  const { jti, expiresAtMs } = token;
  const known = prepareOnce(database, "SELECT list, idx FROM entries WHERE issuer = ? AND jti = ?").get(
    issuer,
    jti,
  );
  if (known !== undefined) return { list: Number(known["list"]), index: Number(known["idx"]) };
  const list = openList(database, { issuer, capacity, nowMs });
  const insert = prepareOnce(database, "INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?)");
  let index = randomInt(capacity);
  // A quarter of the places is free.
  while (Number(insert.run(issuer, list, index, jti, JSON.stringify(token)).changes) === 0)
    index = randomInt(capacity);
  prepareOnce(
    database,
    "UPDATE lists SET used = used + 1, expires_at = max(expires_at, ?) WHERE issuer = ? AND list = ?",
  ).run(expiresAtMs, issuer, list);
  return { list, index };
}

/** @throws StatusIndexesFullError */
function openList(database: DatabaseSync, { issuer, capacity, nowMs }: Omit<Placing, "token">): number {
  const last = prepareOnce(
    database,
    "SELECT list, capacity, used FROM lists WHERE issuer = ? ORDER BY list DESC LIMIT 1",
  ).get(issuer);
  const hasRoom = last !== undefined && Number(last["used"]) < countPlaces(capacity);
  if (hasRoom && Number(last["capacity"]) === capacity) return Number(last["list"]);
  const count = prepareOnce(database, "SELECT count(*) AS count FROM lists WHERE issuer = ?").get(issuer);
  if (Number(count?.["count"]) >= MAX_LISTS) throw createFullError();
  const next = prepareOnce(
    database,
    "INSERT INTO issuers VALUES (?, ?) ON CONFLICT (issuer) DO UPDATE SET last = last + 1 RETURNING last",
  ).get(issuer, chooseFirstList(nowMs));
  const list = Number(next?.["last"]);
  prepareOnce(database, "INSERT INTO lists VALUES (?, ?, ?, 0, 0)").run(issuer, list, capacity);
  return list;
}

function expireLists(database: DatabaseSync, nowMs: number): void {
  const gone = prepareOnce(database, "DELETE FROM lists WHERE expires_at <= ? RETURNING issuer, list").all(
    nowMs - LIST_GRACE_MS,
  );
  for (const { issuer = "", list = 0 } of gone) {
    prepareOnce(database, "DELETE FROM entries WHERE issuer = ? AND list = ?").run(issuer, list);
  }
}
