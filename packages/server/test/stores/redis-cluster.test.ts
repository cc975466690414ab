import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RedisReplayStore } from "../../src/stores/redis-replay-store.ts";
import { RedisRevocationStore } from "../../src/stores/redis-revocation-store.ts";
import { StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { skipWithoutRedis } from "../kit/start-redis.ts";
import { startRedisCluster, type TestRedisCluster } from "../kit/start-redis-cluster.ts";
import { describeReplayStore } from "./describe-replay-store.ts";
import { describeRevocationStore } from "./describe-revocation-store.ts";
import { createRevocation } from "./sample-revocations.ts";

const NAME = "a Redis Cluster, over TLS, as a user of few rights";

interface Closable {
  close(): Promise<void>;
}

async function createPlace<Store extends Closable>(
  create: (options: TestRedisCluster["options"] & { readonly clock: () => number }) => Store,
): Promise<{ open(clock?: () => number): Promise<Store>; dispose(): Promise<void> }> {
  const cluster = await startRedisCluster();
  const opened: Store[] = [];
  return {
    async open(clock = Date.now) {
      const store = create({ ...cluster.options, clock });
      opened.push(store);
      return store;
    },
    async dispose() {
      await Promise.all(opened.map((store) => store.close()));
      await cluster.stop();
    },
  };
}

describeRevocationStore(NAME, {
  skip: skipWithoutRedis(),
  createPlace: () => createPlace((options) => new RedisRevocationStore(options)),
});

describeReplayStore(NAME, {
  skip: skipWithoutRedis(),
  createPlace: () => createPlace((options) => new RedisReplayStore(options)),
});

describe("a Redis that lets nobody in", { skip: skipWithoutRedis() }, () => {
  let cluster: TestRedisCluster;

  before(async () => {
    cluster = await startRedisCluster();
  });
  after(() => cluster.stop());

  it("is unavailable to those with a wrong password, without its certificate, or without rights", async () => {
    const { options } = cluster;
    const { tls: _, ...trustingNobody } = options;
    for (const wrong of [
      { ...options, password: "guessed" },
      trustingNobody,
      { ...options, prefix: "elsewhere" },
    ]) {
      const store = new RedisRevocationStore({ ...wrong, timeoutMs: 1000 });
      await assert.rejects(store.append([createRevocation()]), StoreUnavailableError);
      await store.close();
    }
  });
});
