import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KeyStoreUnavailableError, RedisKeyStore } from "@countersign/signing-keys";
import { createClient } from "@redis/client";
import { skipWithoutRedis, startRedis } from "../../../server/test/kit/start-redis.ts";
import { describeKeyStore } from "./describe-key-store.ts";

describeKeyStore("Redis", {
  skip: skipWithoutRedis(),
  async createPlace() {
    const redis = await startRedis();
    const clients: { destroy(): void }[] = [];
    return {
      async open() {
        const client = createClient({ RESP: 2, url: redis.url });
        client.on("error", () => undefined);
        clients.push(client);
        await client.connect();
        return new RedisKeyStore({ client });
      },
      async dispose() {
        for (const client of clients) client.destroy();
        await redis.stop();
      },
    };
  },
});

describe("a Redis key store", () => {
  it("says nothing about the ledger where Redis says nothing", async () => {
    const silent = new RedisKeyStore({
      client: { sendCommand: () => new Promise(() => undefined) },
      timeoutMs: 10,
    });
    await assert.rejects(silent.read(), KeyStoreUnavailableError);
    await assert.rejects(silent.replace({ version: 1, text: "" }), KeyStoreUnavailableError);
    const broken = new RedisKeyStore({ client: { sendCommand: () => Promise.reject(new Error("LOADING")) } });
    await assert.rejects(broken.read(), { message: /LOADING/ });
  });

  it("does not take something else for a ledger", async () => {
    for (const answer of [
      [null, "text"],
      ["1", null],
      ["x", "text"],
      ["0", "text"],
      [1, "text"],
      null,
      "OK",
    ]) {
      const store = new RedisKeyStore({ client: { sendCommand: async () => answer } });
      await assert.rejects(store.read(), KeyStoreUnavailableError);
    }
  });

  it("counts a write only once as many replicas have it as were asked for", async () => {
    const answers = (replicas: number) => {
      return { sendCommand: async ([command]: string[]) => (command === "WAIT" ? replicas : 1) };
    };
    const next = { version: 1, text: "one" };
    assert.equal(await new RedisKeyStore({ client: answers(2), replicas: 2 }).replace(next), true);
    await assert.rejects(
      new RedisKeyStore({ client: answers(1), replicas: 2 }).replace(next),
      KeyStoreUnavailableError,
    );
    for (const replicas of [-1, 1.5, 17]) {
      assert.throws(() => new RedisKeyStore({ client: answers(0), replicas }), RangeError);
    }
  });
});
