import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type KeyStore, KeyStoreUnavailableError, SqliteKeyStore } from "@countersign/signing-keys";
import { describeKeyStore } from "./describe-key-store.ts";

describeKeyStore("SQLite", {
  async createPlace() {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
    const opened: KeyStore[] = [];
    return {
      async open() {
        const store = new SqliteKeyStore({ path: path.join(folder, "keys.db") });
        opened.push(store);
        return store;
      },
      async dispose() {
        await Promise.all(opened.map((store) => store.close()));
        await rm(folder, { recursive: true });
      },
    };
  },
});

describe("the file of a SQLite key store", () => {
  it("is readable by its owner alone, and never a database of something else", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
    const own = path.join(folder, "own.db");
    const foreign = path.join(folder, "foreign.db");
    const store = new SqliteKeyStore({ path: own });
    const other = new SqliteKeyStore({ path: own, ledger: "other" });
    try {
      await store.replace({ version: 1, text: "one" });
      assert.equal((await stat(own)).mode & 0o777, 0o600);
      assert.equal(await other.read(), undefined);
      const database = new DatabaseSync(foreign);
      database.exec("CREATE TABLE users (name TEXT)");
      database.close();
      await assert.rejects(new SqliteKeyStore({ path: foreign }).read(), KeyStoreUnavailableError);
    } finally {
      await Promise.all([store.close(), other.close()]);
      await rm(folder, { recursive: true });
    }
  });

  it("gives up in bounded time where another process never lets go of it", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
    const file = path.join(folder, "keys.db");
    const store = new SqliteKeyStore({ path: file, timeoutMs: 50 });
    await store.replace({ version: 1, text: "one" });
    const blocker = new DatabaseSync(file);
    try {
      blocker.exec("BEGIN IMMEDIATE");
      await assert.rejects(store.replace({ version: 2, text: "two" }), KeyStoreUnavailableError);
      assert.deepEqual(await store.read(), { version: 1, text: "one" });
      blocker.exec("ROLLBACK");
      assert.equal(await store.replace({ version: 2, text: "two" }), true);
    } finally {
      blocker.close();
      await store.close();
      await rm(folder, { recursive: true });
    }
  });

  it("takes a bound for waiting that is a whole number from 10 to 60000", () => {
    for (const timeoutMs of [0, 9, 10.5, 60_001]) {
      assert.throws(() => new SqliteKeyStore({ path: "x", timeoutMs }), RangeError);
    }
  });
});
