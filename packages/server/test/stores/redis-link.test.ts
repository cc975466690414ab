import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { RedisOptions } from "../../src/stores/redis-client.ts";
import { RedisRevocationStore } from "../../src/stores/redis-revocation-store.ts";
import { RETENTION_MS, StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { skipWithoutRedis, startRedis, type TestRedis } from "../kit/start-redis.ts";
import { createRevocation, LATER_MS } from "./sample-revocations.ts";

describe("a connection to Redis", { skip: skipWithoutRedis() }, () => {
  let redis: TestRedis;
  let store: RedisRevocationStore;

  before(async () => {
    redis = await startRedis();
    store = new RedisRevocationStore({ urls: [redis.url], timeoutMs: 5000 });
  });
  after(async () => {
    await store.close();
    await redis.stop();
  });

  it("sends scripts again to a server that forgot them", async () => {
    const [first] = await store.append([createRevocation()]);
    await redis.command("SCRIPT", "FLUSH");
    const [second] = await store.append([createRevocation()]);
    assert.equal(second?.position, (first?.position ?? 0) + 1);
  });

  it("waits through a restart, and repeats what was not answered without doing it twice", async () => {
    const revocation = createRevocation();
    await redis.kill();
    const waiting = store.append([revocation]);
    await redis.start();
    const [result] = await waiting;
    assert.deepEqual(await store.append([revocation]), [{ ...result, outcome: "known" }]);
  });

  it("is made again after an answer that came too late", async () => {
    const impatient = new RedisRevocationStore({ urls: [redis.url], timeoutMs: 200 });
    await impatient.append([createRevocation()]);
    process.kill(redis.pid, "SIGSTOP");
    try {
      await assert.rejects(impatient.append([createRevocation()]), StoreUnavailableError);
    } finally {
      process.kill(redis.pid, "SIGCONT");
    }
    await impatient.append([createRevocation()]);
    await impatient.close();
  });

  it("gives up at once where trying again cannot help", async () => {
    await redis.command("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@all", "-eval", "-evalsha");
    const reader = new RedisRevocationStore({ urls: [redis.url], username: "reader", password: "secret" });
    await assert.rejects(reader.append([createRevocation()]), /Redis refused: NOPERM/);
    await reader.close();
  });

  it("leaves nothing behind of what expired", async () => {
    const place = { urls: [redis.url], prefix: "cleared" } as const;
    const now = new RedisRevocationStore(place);
    const later = new RedisRevocationStore({ ...place, clock: () => LATER_MS + RETENTION_MS });
    const target = { kind: "token", issuer: "i", value: "twice" } as const;
    const lifted = createRevocation({ target });
    await now.append([createRevocation(), createRevocation({ target }), lifted]);
    await now.lift({ id: lifted.id, actor: "a", reason: "b", liftedAtMs: 1 });
    assert.equal(await later.expire(100), 4);
    const sizes = { feed: "XLEN", ids: "HLEN", targets: "HLEN", expiries: "ZCARD", lifts: "HLEN" };
    for (const [name, command] of Object.entries(sizes)) {
      assert.equal(await redis.command(command, `cleared:{revocations}:${name}`), 0, name);
    }
    assert.equal((await now.read({ after: 0, limit: 1 })).head.position, 4);
    await Promise.all([now.close(), later.close()]);
  });

  it("gives up a change in a form that is not known, and only that", async () => {
    const { head } = await store.read({ after: 0, limit: 1 });
    const key = "countersign:{revocations}:feed";
    const known = createRevocation();
    const foreign = [
      ["x", "y"],
      ["t", "revoked", "m", "a", "p", "b", "r", "no JSON"],
      ["t", "revoked", "m", "a", "p", "b", "r", "null"],
      ["t", "revoked", "m", "a", "p", "b", "r", JSON.stringify({ ...known, target: null })],
      ["t", "revoked", "m", "a", "p", "b", "r", JSON.stringify({ ...known, expiresAtMs: "soon" })],
      ["t", "lifted", "m", "a", "p", "b", "r", JSON.stringify(known)],
      ["t", "melted", "m", "a", "p", "b", "r", JSON.stringify(known)],
    ];
    let position = head.position + 1000;
    for (const fields of foreign) {
      position++;
      await redis.command("XADD", key, `${position}-0`, ...fields);
    }
    const newer = JSON.stringify({ ...known, color: "red" });
    await redis.command("XADD", key, `${position + 1}-0`, "t", "revoked", "m", "a", "p", "b", "r", newer);
    const { records } = await store.read({ after: head.position, limit: 100 });
    assert.deepEqual(
      records.map(({ change }) => change),
      [...foreign.map(() => undefined), { type: "revoked", revocation: known }],
    );
    assert.equal(records[0]?.mark, "");
  });

  it("takes options within their bounds only", () => {
    const wrong: readonly Partial<RedisOptions>[] = [
      { prefix: "" },
      { prefix: "a b" },
      { prefix: "{a}" },
      { timeoutMs: 9 },
      { timeoutMs: 60_001 },
      { replicas: -1 },
      { replicas: 17 },
      { replicas: 0.5 },
    ];
    for (const options of wrong) {
      const create = (): unknown => new RedisRevocationStore({ urls: [redis.url], ...options });
      assert.throws(create, RangeError, JSON.stringify(options));
    }
  });
});
