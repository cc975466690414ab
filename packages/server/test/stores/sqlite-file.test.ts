import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { openSqlite } from "../../src/stores/open-sqlite.ts";
import { StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { SqliteRevocationStore } from "../../src/stores/sqlite-revocation-store.ts";
import { createRevocation } from "./sample-revocations.ts";

describe("the file of revocations", () => {
  let folder: string;
  const fileOf = (name: string): string => path.join(folder, name);

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-stores-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("is readable by its owner alone, with the files beside it, and is flushed before a write is acknowledged", async () => {
    const store = new SqliteRevocationStore({ path: fileOf("mode.db") });
    await store.append([createRevocation()]);
    for (const ending of ["", "-wal", "-shm"]) {
      assert.equal((await stat(fileOf(`mode.db${ending}`))).mode & 0o777, 0o600, ending);
    }
    await store.close();
    const kind = { applicationId: 0x43_53_52_56, schema: "", durability: "full" } as const;
    const { database } = openSqlite(fileOf("mode.db"), kind);
    assert.equal(database.prepare("PRAGMA journal_mode").get()?.["journal_mode"], "wal");
    // 2 is FULL: the log is flushed with each commit.
    assert.equal(database.prepare("PRAGMA synchronous").get()?.["synchronous"], 2);
    database.close();
  });

  it("is refused where it is of something else, of a newer version, or no database", async () => {
    const others: Readonly<Record<string, string>> = {
      "tables.db": "CREATE TABLE strangers (name TEXT)",
      "application.db": "PRAGMA application_id = 7; CREATE TABLE strangers (name TEXT)",
    };
    for (const [name, statement] of Object.entries(others)) {
      const database = new DatabaseSync(fileOf(name));
      database.exec(statement);
      database.close();
      const store = new SqliteRevocationStore({ path: fileOf(name) });
      await assert.rejects(store.append([createRevocation()]), /database of something else/, name);
      await store.close();
    }
    const ours = new SqliteRevocationStore({ path: fileOf("newer.db") });
    await ours.append([createRevocation()]);
    await ours.close();
    const database = new DatabaseSync(fileOf("newer.db"));
    database.exec("PRAGMA user_version = 1000");
    database.close();
    const store = new SqliteRevocationStore({ path: fileOf("newer.db") });
    await assert.rejects(store.read({ after: 0, limit: 1 }), /newer version/);
    await writeFile(fileOf("text.db"), "no database, but long enough to be looked at as one ".repeat(100));
    const text = new SqliteRevocationStore({ path: fileOf("text.db") });
    await assert.rejects(text.read({ after: 0, limit: 1 }), StoreUnavailableError);
    const nowhere = new SqliteRevocationStore({ path: fileOf("none/revocations.db") });
    await assert.rejects(nowhere.read({ after: 0, limit: 1 }), StoreUnavailableError);
  });

  it("is waited for while another process holds it, for as long as a call may take", async () => {
    const file = fileOf("locked.db");
    const store = new SqliteRevocationStore({ path: file, timeoutMs: 5000 });
    const impatient = new SqliteRevocationStore({ path: file, timeoutMs: 50 });
    await store.append([createRevocation()]);
    const locker = new DatabaseSync(file);
    locker.exec("BEGIN IMMEDIATE");
    const waiting = store.append([createRevocation()]);
    await assert.rejects(impatient.append([createRevocation()]), StoreUnavailableError);
    // Readers do not wait for writers.
    assert.equal((await impatient.read({ after: 0, limit: 10 })).records.length, 1);
    locker.exec("ROLLBACK");
    locker.close();
    assert.equal((await waiting)[0]?.position, 2);
    await Promise.all([store.close(), impatient.close()]);
  });

  it("gives up a change in a form that is not known, and only that", async () => {
    const file = fileOf("foreign.db");
    const store = new SqliteRevocationStore({ path: file });
    await store.append([createRevocation(), createRevocation(), createRevocation()]);
    const other = new DatabaseSync(file);
    other.exec(
      "UPDATE feed SET kind = 'galaxy' WHERE position = 1; UPDATE feed SET type = 'melted' WHERE position = 2",
    );
    other.close();
    const { records } = await store.read({ after: 0, limit: 10 });
    assert.deepEqual(
      records.map(({ change }) => change?.type),
      [undefined, undefined, "revoked"],
    );
    await store.close();
  });

  it("takes timeouts within its bounds only", async () => {
    for (const timeoutMs of [9, 60_001, 1.5]) {
      assert.throws(() => new SqliteRevocationStore({ path: fileOf("x.db"), timeoutMs }), RangeError);
    }
  });
});
