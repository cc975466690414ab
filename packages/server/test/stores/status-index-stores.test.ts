import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { MemoryStatusIndexStore } from "../../src/stores/memory-status-index-store.ts";
import { RedisStatusIndexStore } from "../../src/stores/redis-status-index-store.ts";
import { StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { SqliteStatusIndexStore } from "../../src/stores/sqlite-status-index-store.ts";
import { LIST_GRACE_MS } from "../../src/stores/status-index-store.ts";
import { skipWithoutRedis, startRedis, type TestRedis } from "../kit/start-redis.ts";
import { waitFor } from "../kit/wait-for.ts";
import { describeStatusIndexStore } from "./describe-status-index-store.ts";

describeStatusIndexStore({
  name: "memory",
  isDurable: false,
  open: async (clock) => new MemoryStatusIndexStore({ clock }),
});

describe("status indices in SQLite", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-indices-"));
  });
  after(() => rm(folder, { recursive: true }));

  describeStatusIndexStore({
    name: "a SQLite file",
    isDurable: true,
    open: async (clock) => new SqliteStatusIndexStore({ path: path.join(folder, "indices.db"), clock }),
  });

  it("are told to be away where the file cannot be had", async () => {
    const store = new SqliteStatusIndexStore({ path: path.join(folder, "none", "indices.db") });
    await assert.rejects(store.listLists("https://issuer.test"), StoreUnavailableError);
    await store.close();
  });
});

describe("status indices in Redis", { skip: skipWithoutRedis() }, () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  describeStatusIndexStore({
    name: "Redis",
    isDurable: true,
    expiresByItself: true,
    open: async (clock) => new RedisStatusIndexStore({ urls: [redis.url], clock }),
  });

  it("go by themselves once all tokens of a list expired, and their list does not come again", async () => {
    const store = new RedisStatusIndexStore({ urls: [redis.url] });
    const issuer = "https://expiring.test";
    const expiresAtMs = Date.now() - LIST_GRACE_MS + 300;
    const [first] = await store.allocate({ issuer, capacity: 64, tokens: [{ jti: "a", expiresAtMs }] });
    const number = first?.list ?? 0;
    assert.ok(number > 1_700_000_000);
    await waitFor(async () => (await store.listLists(issuer)).length === 0);
    await waitFor(async () => {
      for await (const page of store.readPages(issuer, number)) return page.length === 0;
      return true;
    });
    const later = { jti: "a", expiresAtMs: Date.now() + 60_000 };
    const [second] = await store.allocate({ issuer, capacity: 64, tokens: [later] });
    assert.equal(second?.list, number + 1);
    await store.close();
  });

  it("are told to be away while Redis is", async () => {
    const store = new RedisStatusIndexStore({ urls: [redis.url], timeoutMs: 300 });
    await redis.kill();
    await assert.rejects(store.listLists("https://issuer.test"), StoreUnavailableError);
    await store.close();
    await redis.start();
  });
});
