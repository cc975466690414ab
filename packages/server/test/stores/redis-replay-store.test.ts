import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RedisReplayStore } from "../../src/stores/redis-replay-store.ts";
import { StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { skipWithoutRedis, startRedis, type TestRedis } from "../kit/start-redis.ts";
import { type ClosableReplayStore, describeReplayStore } from "./describe-replay-store.ts";

describeReplayStore("Redis", {
  skip: skipWithoutRedis(),
  async createPlace() {
    const redis = await startRedis();
    const opened: ClosableReplayStore[] = [];
    return {
      async open(clock = Date.now) {
        const store = new RedisReplayStore({ urls: [redis.url], clock });
        opened.push(store);
        return store;
      },
      async dispose() {
        await Promise.all(opened.map((store) => store.close()));
        await redis.stop();
      },
    };
  },
});

describe("first uses while Redis is away", { skip: skipWithoutRedis() }, () => {
  let redis: TestRedis;
  let store: RedisReplayStore;

  before(async () => {
    redis = await startRedis();
    store = new RedisReplayStore({ urls: [redis.url], timeoutMs: 300 });
  });
  after(async () => {
    await store.close();
    await redis.stop();
  });

  it("are told to nobody, and are remembered when it is back", async () => {
    const laterMs = Date.now() + 60_000;
    assert.equal(await store.use("before", laterMs), "first");
    await redis.kill();
    await assert.rejects(store.use("during", laterMs), StoreUnavailableError);
    await redis.start();
    const patient = new RedisReplayStore({ urls: [redis.url], timeoutMs: 10_000 });
    assert.equal(await patient.use("before", laterMs), "seen");
    assert.equal(await patient.use("after", laterMs), "first");
    await patient.close();
  });

  it("are told to nobody while it is frozen", async () => {
    const patient = new RedisReplayStore({ urls: [redis.url], timeoutMs: 500 });
    const laterMs = Date.now() + 60_000;
    await patient.use("thawed", laterMs);
    process.kill(redis.pid, "SIGSTOP");
    try {
      await assert.rejects(patient.use("frozen", laterMs), StoreUnavailableError);
    } finally {
      process.kill(redis.pid, "SIGCONT");
    }
    assert.equal(await patient.use("thawed", laterMs), "seen");
    await patient.close();
  });
});

describe("first uses that replicas must have", { skip: skipWithoutRedis() }, () => {
  let main: TestRedis;
  let replica: TestRedis;

  before(async () => {
    main = await startRedis();
    replica = await startRedis({
      options: ["--replicaof", "127.0.0.1", String(main.port), "--repl-diskless-sync-delay", "0"],
    });
  });
  after(async () => {
    await replica.stop();
    await main.stop();
  });

  it("survive a failover, and are told to nobody without the replica", async () => {
    const laterMs = Date.now() + 60_000;
    const store = new RedisReplayStore({ urls: [main.url], replicas: 1, timeoutMs: 10_000 });
    const impatient = new RedisReplayStore({ urls: [main.url], replicas: 1, timeoutMs: 100 });
    for (let tries = 0; ; tries++) {
      const isLinked = String(await replica.command("INFO", "replication")).includes("master_link_status:up");
      if (isLinked) break;
      assert.ok(tries < 500, "the replica did not connect");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(await store.use("a", laterMs), "first");
    process.kill(replica.pid, "SIGSTOP");
    try {
      await assert.rejects(impatient.use("b", laterMs), StoreUnavailableError);
    } finally {
      process.kill(replica.pid, "SIGCONT");
    }
    await main.kill();
    await replica.command("REPLICAOF", "NO", "ONE");
    const afterwards = new RedisReplayStore({ urls: [replica.url] });
    assert.equal(await afterwards.use("a", laterMs), "seen");
    await Promise.all([store.close(), impatient.close(), afterwards.close()]);
  });
});
