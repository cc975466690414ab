import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { SqliteReplayStore } from "../../src/stores/sqlite-replay-store.ts";
import { type ClosableReplayStore, describeReplayStore } from "./describe-replay-store.ts";

describeReplayStore("a SQLite file", {
  skip: false,
  async createPlace() {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-stores-"));
    const opened: ClosableReplayStore[] = [];
    return {
      async open(clock = Date.now) {
        const store = new SqliteReplayStore({ path: path.join(folder, "uses.db"), clock });
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

describe("the file of first uses", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-stores-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("gives up room for what expired", async () => {
    const file = path.join(folder, "cleared.db");
    let nowMs = Date.now();
    const store = new SqliteReplayStore({ path: file, clock: () => nowMs });
    for (let index = 0; index < 200; index++) await store.use(`k${index}`, nowMs + 1000);
    nowMs += 1001;
    for (let index = 0; index < 128; index++) await store.use(`n${index}`, nowMs + 1000);
    const reader = new DatabaseSync(file, { readOnly: true });
    assert.equal(reader.prepare("SELECT count(*) AS count FROM uses").get()?.["count"], 128);
    reader.close();
    await store.close();
  });

  it("lets nobody pass while another process holds it locked for longer than the call may take", async () => {
    const file = path.join(folder, "locked.db");
    const store = new SqliteReplayStore({ path: file, timeoutMs: 50 });
    await store.use("first", Date.now() + 1000);
    const locker = new DatabaseSync(file);
    locker.exec("BEGIN IMMEDIATE");
    await assert.rejects(store.use("second", Date.now() + 1000), StoreUnavailableError);
    locker.exec("ROLLBACK");
    assert.equal(await store.use("second", Date.now() + 1000), "first");
    locker.close();
    await store.close();
  });

  it("lets nobody pass where there is no folder, or a file of something else", async () => {
    const nowhere = new SqliteReplayStore({ path: path.join(folder, "none", "uses.db") });
    await assert.rejects(nowhere.use("k", Date.now() + 1000), StoreUnavailableError);
    const file = path.join(folder, "other.db");
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE strangers (name TEXT)");
    other.close();
    const store = new SqliteReplayStore({ path: file });
    await assert.rejects(store.use("k", Date.now() + 1000), /database of something else/);
    assert.throws(() => new SqliteReplayStore({ path: file, timeoutMs: 5 }), RangeError);
  });
});
