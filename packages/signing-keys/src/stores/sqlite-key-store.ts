import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { type KeyStore, KeyStoreUnavailableError, type StoredLedger } from "../lifecycle/key-store.ts";

export interface SqliteKeyStoreOptions {
  /** A file of its own in a folder that exists; never on a network file system. */
  readonly path: string;
  /** Tells ledgers in one file apart. Default "default". */
  readonly ledger?: string;
  /** For how long a call may wait for other processes. Default 5000; 10..60000. */
  readonly timeoutMs?: number;
}

const APPLICATION_ID = 0x43_53_4b_59;
/** What others hold locked is waited for outside of SQLite, which would block the whole process. */
const BLOCKING_MS = 5;
const PAUSE_MS = 10;

/** The ledger in a SQLite file, shared by all processes of a machine; a commit is on disk before it is acknowledged. */
export class SqliteKeyStore implements KeyStore {
  readonly name: string;
  readonly #path: string;
  readonly #ledger: string;
  readonly #timeoutMs: number;
  #database: DatabaseSync | undefined;

  constructor({ path, ledger = "default", timeoutMs = 5000 }: SqliteKeyStoreOptions) {
    if (!Number.isInteger(timeoutMs) || timeoutMs < 10 || timeoutMs > 60_000) {
      throw new RangeError("timeoutMs: expected a whole number from 10 to 60000");
    }
    this.#path = path;
    this.#ledger = ledger;
    this.#timeoutMs = timeoutMs;
    this.name = `sqlite:${path}`;
  }

  async read(): Promise<StoredLedger | undefined> {
    return this.#run((database) => {
      const row = database.prepare("SELECT version, text FROM ledger WHERE name = ?").get(this.#ledger);
      if (row === undefined) return undefined;
      return { version: Number(row["version"]), text: String(row["text"]) };
    });
  }

  async replace({ version, text }: StoredLedger): Promise<boolean> {
    return this.#run((database) => {
      const statement =
        version === 1
          ? database.prepare(
              "INSERT INTO ledger (name, version, text) VALUES (?3, ?1, ?2) ON CONFLICT DO NOTHING",
            )
          : database.prepare(
              "UPDATE ledger SET version = ?1, text = ?2 WHERE name = ?3 AND version = ?1 - 1",
            );
      return Number(statement.run(version, text, this.#ledger).changes) === 1;
    });
  }

  async close(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
  }

  async #run<T>(work: (database: DatabaseSync) => T): Promise<T> {
    const deadline = performance.now() + this.#timeoutMs;
    for (;;) {
      try {
        this.#database ??= openLedgerFile(this.#path);
        return work(this.#database);
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) {
          const detail = error instanceof Error ? error.message : "it failed without saying why";
          throw new KeyStoreUnavailableError(`the store in ${this.#path} cannot be used: ${detail}`, {
            cause: error,
          });
        }
        await pause(PAUSE_MS * (0.5 + Math.random()));
      }
    }
  }
}

function openLedgerFile(path: string): DatabaseSync {
  // Readable by the owner alone from the start; the files that SQLite makes beside it get the same mode.
  closeSync(openSync(path, "a", 0o600));
  const database = new DatabaseSync(path, { timeout: BLOCKING_MS });
  try {
    const application = Number(database.prepare("PRAGMA application_id").get()?.["application_id"]);
    if (application !== APPLICATION_ID) prepareFile(database, application);
    database.exec("PRAGMA synchronous = full");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareFile(database: DatabaseSync, application: number): void {
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_schema WHERE name <> 'ledger'").get();
  if (application !== 0 || tables?.["count"] !== 0) {
    throw new Error("it is a database of something else; give a path of its own");
  }
  database.exec("PRAGMA journal_mode = wal");
  database.exec(
    "CREATE TABLE IF NOT EXISTS ledger (name TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL) STRICT",
  );
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
}

/** SQLITE_BUSY and SQLITE_LOCKED, in their extended forms too. */
function isBusy(error: unknown): boolean {
  const { errcode } = error as { readonly errcode?: unknown };
  return typeof errcode === "number" && ((errcode & 0xff) === 5 || (errcode & 0xff) === 6);
}
