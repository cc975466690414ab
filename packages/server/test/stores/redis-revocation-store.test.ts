import { RedisRevocationStore } from "../../src/stores/redis-revocation-store.ts";
import type { RevocationStore } from "../../src/stores/revocation-store.ts";
import { skipWithoutRedis, startRedis } from "../kit/start-redis.ts";
import { describeRevocationStore } from "./describe-revocation-store.ts";

describeRevocationStore("Redis", {
  skip: skipWithoutRedis(),
  async createPlace() {
    const redis = await startRedis();
    const opened: RevocationStore[] = [];
    return {
      async open(clock = Date.now) {
        const store = new RedisRevocationStore({ urls: [redis.url], clock });
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
