import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryReplayStore } from "../../src/status/memory-replay-store.ts";

function createStore(maxEntries?: number): {
  readonly store: MemoryReplayStore;
  readonly clock: { ms: number };
} {
  const clock = { ms: 1_000_000 };
  const bounds = maxEntries === undefined ? {} : { maxEntries };
  return { store: new MemoryReplayStore({ clock: () => clock.ms, ...bounds }), clock };
}

describe("first use within a process", () => {
  it("goes to exactly one of a hundred at once", async () => {
    const { store } = createStore();
    const uses = await Promise.all(Array.from({ length: 100 }, () => store.use("a", 2_000_000)));
    assert.equal(uses.filter((use) => use === "first").length, 1);
    assert.equal(uses.filter((use) => use === "seen").length, 99);
    assert.equal(await store.use("b", 2_000_000), "first");
  });

  it("is remembered until it expires, and no longer", async () => {
    const { store, clock } = createStore();
    await store.use("a", clock.ms + 1000);
    clock.ms += 999;
    assert.equal(await store.use("a", clock.ms + 1000), "seen");
    clock.ms += 1;
    assert.equal(await store.use("a", clock.ms + 50_000), "first");
    clock.ms += 20_000;
    assert.equal(await store.use("a", clock.ms + 50_000), "seen");
  });

  it("is refused to whoever comes when there is no room, until there is again", async () => {
    const { store, clock } = createStore(2);
    await store.use("a", clock.ms + 1000);
    await store.use("b", clock.ms + 60_000);
    await assert.rejects(store.use("c", clock.ms + 1000), /at most 2 keys/);
    assert.equal(await store.use("b", clock.ms + 1000), "seen");
    clock.ms += 20_000;
    assert.equal(await store.use("c", clock.ms + 1000), "first");
    assert.equal(store.size, 2);
  });

  it("forgets at most a thousand keys in a call, and all of them in the end", async () => {
    const { store, clock } = createStore();
    for (let count = 0; count < 2500; count++) await store.use(`k${count}`, clock.ms + 1000);
    clock.ms += 20_000;
    await store.use("x", clock.ms + 1000);
    assert.equal(store.size, 1501);
    await store.use("y", clock.ms + 1000);
    await store.use("z", clock.ms + 1000);
    assert.equal(store.size, 3);
  });

  it("cannot be told without a time", async () => {
    const { store, clock } = createStore();
    await assert.rejects(store.use("a", Number.POSITIVE_INFINITY), RangeError);
    clock.ms = Number.NaN;
    await assert.rejects(store.use("a", 1), /clock/);
    assert.throws(() => new MemoryReplayStore({ maxEntries: 0 }), RangeError);
  });
});
