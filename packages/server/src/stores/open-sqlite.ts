/** Opens a database file of ours, or makes it: write-ahead log, every acknowledged write on disk. */

import { closeSync, openSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StoreUnavailableError } from "./revocation-store.ts";

export interface SqliteKind {
  /** Tells our files apart from others (`PRAGMA application_id`). */
  readonly applicationId: number;
  /** Each statement may run again where it ran before. */
  readonly schema: string;
  /**
   * "full": a commit is on disk before it is acknowledged, which outlives a power cut. "normal": it outlives the crash
   * of every process; a power cut may take back the last ones.
   */
  readonly durability: "full" | "normal";
}

/** An open file, and the means to see whether it is still the one at its path. */
export interface SqliteFile {
  readonly database: DatabaseSync;
  readonly fileNumber: bigint;
}

const SCHEMA_VERSION = 2;
/** What others hold locked is waited for outside of SQLite, which would block the whole process. */
const BLOCKING_MS = 5;

/** @throws StoreUnavailableError where the file cannot be opened or is not ours. */
export function openSqlite(path: string, { applicationId, schema, durability }: SqliteKind): SqliteFile {
  let database: DatabaseSync | undefined;
  try {
    // Readable by the owner alone from the start; the files that SQLite makes beside it get the same mode.
    closeSync(openSync(path, "a", 0o600));
    database = new DatabaseSync(path, { timeout: BLOCKING_MS });
    database.exec(`PRAGMA synchronous = ${durability}`);
    if (readPragma(database, "application_id") !== applicationId)
      prepareFile(database, { applicationId, path });
    const version = readPragma(database, "user_version");
    if (version > SCHEMA_VERSION) throw new Error(`${path} was made by a newer version of countersign`);
    if (version < SCHEMA_VERSION) {
      database.exec(`BEGIN IMMEDIATE; ${schema}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    }
    return { database, fileNumber: readFileNumber(path) };
  } catch (error) {
    database?.close();
    if (isBusy(error)) throw error;
    const detail = error instanceof Error ? error.message : "failed without saying why";
    throw new StoreUnavailableError(`the store in ${path} cannot be opened: ${detail}`, { cause: error });
  }
}

function prepareFile(
  database: DatabaseSync,
  { applicationId, path }: { readonly applicationId: number; readonly path: string },
): void {
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get();
  if (readPragma(database, "application_id") !== 0 || tables?.["count"] !== 0) {
    throw new Error(`${path} is a database of something else; give a path of its own`);
  }
  const mode = database.prepare("PRAGMA journal_mode = wal").get();
  // A file system without shared memory cannot have one.
  if (mode?.["journal_mode"] !== "wal") throw new Error(`${path} lies where SQLite has no write-ahead log`);
  database.exec(`PRAGMA application_id = ${applicationId}`);
}

function readPragma(database: DatabaseSync, name: "application_id" | "user_version"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** Of the file that is at the path now: another one where it was replaced, -1 where there is none. */
export function readFileNumber(path: string): bigint {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? -1n;
}

/** SQLITE_BUSY and SQLITE_LOCKED, in their extended forms too: another connection has the lock. */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { readonly errcode?: unknown };
  return typeof errcode === "number" && ((errcode & 0xff) === 5 || (errcode & 0xff) === 6);
}

/** Runs all of it or nothing. What it throws is thrown, and nothing is written. */
export function runTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // A failed COMMIT may have ended it already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

const statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** A statement that is compiled once for each database. For texts of ours only, of which there are few. */
export function prepareOnce(database: DatabaseSync, text: string): StatementSync {
  let known = statements.get(database);
  if (known === undefined) {
    known = new Map();
    statements.set(database, known);
  }
  let statement = known.get(text);
  if (statement === undefined) {
    statement = database.prepare(text);
    known.set(text, statement);
  }
  return statement;
}
