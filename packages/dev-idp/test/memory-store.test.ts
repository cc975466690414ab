import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAdapter, MAX_ENTRIES, MemoryStore } from "../src/memory-store.ts";

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
});
