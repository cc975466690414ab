import assert from "node:assert/strict";
import { test } from "node:test";
import { RedisRevocationStore } from "../../src/stores/redis-revocation-store.ts";
import { skipWithoutRedis, startRedis } from "../kit/start-redis.ts";

async function findWeaknesses(
  options: readonly string[],
  access: { readonly username?: string; readonly password?: string } = {},
): Promise<readonly string[]> {
  const redis = await startRedis({ options });
  await redis.command("ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-config");
  const store = new RedisRevocationStore({ urls: [redis.url], ...access });
  try {
    return await store.findWeaknesses();
  } finally {
    await store.close();
    await redis.stop();
  }
}

test("a Redis that may lose what it acknowledged is told apart from one that may not", {
  skip: skipWithoutRedis(),
}, async () => {
  assert.deepEqual(await findWeaknesses([]), []);
  const weak = ["--appendonly", "no", "--appendfsync", "everysec", "--maxmemory-policy", "allkeys-lru"];
  assert.deepEqual(
    (await findWeaknesses(weak)).map((weakness) => weakness.split(":")[0]),
    ["appendonly is no", "appendfsync is everysec", "maxmemory-policy is allkeys-lru"],
  );
  const unread = await findWeaknesses([], { username: "limited", password: "secret" });
  assert.equal(unread.length, 3);
  for (const weakness of unread) assert.match(weakness, /cannot be read/);
});
