/** Followers of real stores, through what happens to stores. */

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { MemoryRevocationList } from "countersign";
import { FeedFollower } from "../../src/stores/feed-follower.ts";
import { RedisRevocationStore } from "../../src/stores/redis-revocation-store.ts";
import { type RevocationStore, StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { SqliteRevocationStore } from "../../src/stores/sqlite-revocation-store.ts";
import { skipWithoutRedis, startRedis, type TestRedis } from "../kit/start-redis.ts";
import { waitFor } from "../kit/wait-for.ts";
import { createRevocation, ISSUER } from "./sample-revocations.ts";

interface Instance {
  readonly list: MemoryRevocationList;
  readonly follower: FeedFollower;
  readonly store: RevocationStore;
  refuses(jti: string): boolean;
  stop(): Promise<void>;
}

/** As a process of its own would: a store, a list and a follower. */
async function startInstance(store: RevocationStore): Promise<Instance> {
  const list = new MemoryRevocationList();
  const follower = new FeedFollower({ store, list, heartbeatMs: 50 });
  follower.start();
  await follower.caughtUp();
  return {
    list,
    follower,
    store,
    refuses: (jti) => list.find({ claims: { iss: ISSUER, jti }, keyId: undefined }) !== undefined,
    async stop() {
      await store.close();
      await follower.stop();
    },
  };
}

async function revoke(store: RevocationStore, jti: string): Promise<string> {
  const revocation = createRevocation({ target: { kind: "token", issuer: ISSUER, value: jti } });
  await store.append([revocation]);
  return revocation.id;
}

interface World {
  readonly name: string;
  readonly skip: string | false;
  open(): RevocationStore;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Keeps a copy of the store's files. */
  backUp(): Promise<void>;
  /** Puts the copy in the place of the store. */
  restore(): Promise<void>;
}

function createSqliteWorld(): World {
  let folder = "";
  const fileOf = (name: string): string => path.join(folder, name);
  return {
    name: "a SQLite file",
    skip: false,
    open: () => new SqliteRevocationStore({ path: fileOf("revocations.db") }),
    async start() {
      folder = await mkdtemp(path.join(tmpdir(), "countersign-follow-"));
    },
    stop: () => rm(folder, { recursive: true }),
    async backUp() {
      for (const ending of ["", "-wal"])
        await cp(fileOf(`revocations.db${ending}`), fileOf(`copy.db${ending}`));
    },
    async restore() {
      for (const ending of ["", "-wal", "-shm"]) await rm(fileOf(`revocations.db${ending}`));
      for (const ending of ["-wal", ""])
        await cp(fileOf(`copy.db${ending}`), fileOf(`revocations.db${ending}`));
    },
  };
}

function createRedisWorld(): World {
  let redis: TestRedis;
  return {
    name: "Redis",
    skip: skipWithoutRedis(),
    open: () => new RedisRevocationStore({ urls: [redis.url], timeoutMs: 1000 }),
    async start() {
      redis = await startRedis();
    },
    stop: () => redis.stop(),
    backUp: () =>
      cp(path.join(redis.folder, "appendonlydir"), path.join(redis.folder, "copy"), { recursive: true }),
    async restore() {
      await redis.kill();
      await rm(path.join(redis.folder, "appendonlydir"), { recursive: true });
      await cp(path.join(redis.folder, "copy"), path.join(redis.folder, "appendonlydir"), {
        recursive: true,
      });
      await redis.start();
    },
  };
}

for (const world of [createSqliteWorld(), createRedisWorld()]) {
  describe(`instances that follow ${world.name}`, { skip: world.skip }, () => {
    const instances: Instance[] = [];

    before(async () => {
      await world.start();
      instances.push(await startInstance(world.open()), await startInstance(world.open()));
    });
    after(async () => {
      for (const instance of instances) await instance.stop();
      await world.stop();
    });

    it("refuse what another one revoked, and no longer what it lifted", async () => {
      const store = world.open();
      const id = await revoke(store, "shared");
      await waitFor(() => instances.every(({ refuses }) => refuses("shared")));
      await store.lift({ id, actor: "a", reason: "b", liftedAtMs: Date.now() });
      await waitFor(() => instances.every(({ refuses }) => !refuses("shared")));
      await store.close();
      for (const { follower } of instances) assert.deepEqual(follower.status().resyncs, { start: 1 });
    });

    it("know at their start what was revoked before", async () => {
      await revoke(instances[0]?.store as RevocationStore, "before");
      const late = await startInstance(world.open());
      assert.equal(late.refuses("before"), true);
      assert.equal(late.list.isFresh(), true);
      await late.stop();
    });

    it("forget nothing when the store is taken back to an older copy, and take what comes then", async () => {
      const store = world.open();
      await world.backUp();
      await revoke(store, "lost by the store");
      await waitFor(() => instances.every(({ refuses }) => refuses("lost by the store")));
      await world.restore();
      await waitFor(() => instances.every(({ follower }) => (follower.status().resyncs.behind ?? 0) >= 1));
      await revoke(store, "revoked afterwards");
      await waitFor(() => instances.every(({ refuses }) => refuses("revoked afterwards")));
      assert.ok(instances.every(({ refuses }) => refuses("lost by the store")));
      assert.ok(instances.every(({ refuses }) => refuses("before")));
      await store.close();
    });
  });
}

describe("instances that follow a Redis that goes away", { skip: skipWithoutRedis() }, () => {
  it("say so, go on refusing, and catch up without reading everything again", async () => {
    const redis = await startRedis();
    const instance = await startInstance(new RedisRevocationStore({ urls: [redis.url], timeoutMs: 300 }));
    const writer = new RedisRevocationStore({ urls: [redis.url], timeoutMs: 300 });
    try {
      await revoke(writer, "known");
      await waitFor(() => instance.refuses("known"));
      await redis.kill();
      await waitFor(() => !instance.follower.status().isConnected);
      await assert.rejects(revoke(writer, "refused"), StoreUnavailableError);
      assert.equal(instance.refuses("known"), true);
      await redis.start();
      await waitFor(() => instance.follower.status().isConnected);
      await revoke(writer, "after");
      await waitFor(() => instance.refuses("after"));
      assert.deepEqual(instance.follower.status().resyncs, { start: 1 });
      await redis.command("FLUSHALL");
      await waitFor(() => (instance.follower.status().resyncs.behind ?? 0) === 1);
      assert.equal(instance.refuses("known"), true);
    } finally {
      await writer.close();
      await instance.stop();
      await redis.stop();
    }
  });
});
