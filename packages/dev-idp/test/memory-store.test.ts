import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAdapter, keyOfStructured, MAX_ENTRIES, MAX_TOKENS, MemoryStore } from "../src/memory-store.ts";

describe("the memory store", () => {
  it("keeps models apart", async () => {
    const store = new MemoryStore();
    await createAdapter(store, "Session").upsert("1", { uid: "u" }, 60);
    assert.equal(await createAdapter(store, "Grant").find("1"), undefined);
    assert.deepEqual(await createAdapter(store, "Session").findByUid("u"), { uid: "u" });
    assert.equal(await createAdapter(store, "Grant").findByUid("u"), undefined);
  });

  it("forgets an entry when its time is over", async () => {
    const adapter = createAdapter(new MemoryStore(), "AuthorizationCode");
    await adapter.upsert("1", { uid: "u" }, 0);
    assert.equal(await adapter.find("1"), undefined);
    assert.equal(await adapter.findByUid("u"), undefined);
  });

  it("marks a code as used, and drops everything of a revoked grant", async () => {
    const store = new MemoryStore();
    const codes = createAdapter(store, "AuthorizationCode");
    const tokens = createAdapter(store, "RefreshToken");
    await codes.upsert("1", { grantId: "g" }, 60);
    await tokens.upsert("2", { grantId: "g" }, 60);
    await tokens.upsert("3", { grantId: "other" }, 60);
    await codes.consume("1");
    assert.equal(typeof (await codes.find("1"))?.consumed, "number");
    await tokens.revokeByGrantId("g");
    assert.equal(await codes.find("1"), undefined);
    assert.equal(await tokens.find("2"), undefined);
    assert.ok(await tokens.find("3"));
    await tokens.destroy("3");
    assert.equal(store.size, 0);
  });

  it("drops the oldest entries beyond its bound", async () => {
    const store = new MemoryStore();
    const adapter = createAdapter(store, "Session");
    for (let index = 0; index <= MAX_ENTRIES; index += 1) await adapter.upsert(String(index), {}, 60);
    assert.equal(store.size, MAX_ENTRIES);
    assert.equal(await adapter.find("0"), undefined);
    assert.ok(await adapter.find(String(MAX_ENTRIES)));
  });

  it("holds more tokens than sessions, within a bound of their own", async () => {
    const store = new MemoryStore();
    const tokens = createAdapter(store, "AccessToken");
    await createAdapter(store, "Session").upsert("s", { uid: "u" }, 60);
    for (let index = 0; index <= MAX_TOKENS; index += 1) await tokens.upsert(String(index), {}, 60);
    assert.equal(store.size, MAX_TOKENS + 1);
    assert.equal(await tokens.find("0"), undefined);
    assert.ok(await createAdapter(store, "Session").find("s"));
  });

  it("keeps no token by its text, and finds it by that", async () => {
    const store = new MemoryStore();
    const tokens = createAdapter(store, "RefreshToken");
    await tokens.upsert("the-text", { jti: "the-text", grantId: "g" }, 60);
    assert.deepEqual(await tokens.find("the-text"), { jti: "the-text", grantId: "g" });
    assert.equal(store.get("RefreshToken", "the-text"), undefined);
    assert.equal(
      store.find("RefreshToken", (payload) => JSON.stringify(payload).includes("the-text")),
      undefined,
    );
  });

  it("takes descendants back with what they came from, and tells of JWTs by their ids", async () => {
    const told: (string | undefined)[] = [];
    const store = new MemoryStore((tokens) => told.push(...tokens.map(({ tokenId }) => tokenId)));
    const expiresAtMs = Date.now() + 60_000;
    for (const id of ["parent", "child", "grandchild", "other"]) {
      store.set("AccessToken", { key: keyOfStructured(id), payload: {}, expiresAtMs });
    }
    assert.ok(store.derive(keyOfStructured("child"), [keyOfStructured("parent"), keyOfStructured("other")]));
    assert.ok(store.derive(keyOfStructured("grandchild"), [keyOfStructured("child")]));
    store.revoke("AccessToken", keyOfStructured("parent"));
    assert.deepEqual(told, ["parent", "child", "grandchild"]);
    assert.equal(store.size, 1);
    store.set("AccessToken", { key: keyOfStructured("late"), payload: {}, expiresAtMs });
    assert.equal(store.derive(keyOfStructured("late"), [keyOfStructured("parent")]), false);
    assert.equal(store.get("AccessToken", keyOfStructured("late")), undefined);
  });
});
