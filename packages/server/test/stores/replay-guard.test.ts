/** What a route may do without the replay store, and for how long. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { MemoryReplayStore, type ReplayStore } from "countersign";

import { type ReplayEvent, ReplayGuard } from "../../src/stores/replay-guard.ts";

const EXCEPTION = { route: "/pay", seconds: 30 };
const END_MS = Date.now() + 3_600_000;

/** A store that can be away: a call then rejects. */
class ShakyStore implements ReplayStore {
  readonly memory = new MemoryReplayStore();
  isAway = false;
  calls = 0;

  async use(key: string, expiresAtMs: number): Promise<"first" | "seen"> {
    this.calls++;
    if (this.isAway) throw new Error("away");
    return this.memory.use(key, expiresAtMs);
  }
}

let shared: ShakyStore;
let nowMs: number;
let events: ReplayEvent[];
let guard: ReplayGuard;
let excepted: ReplayStore;

function open(local: ReplayStore = new MemoryReplayStore()): void {
  guard = new ReplayGuard({
    shared,
    local,
    observer: (event) => events.push(event),
    elapsedMs: () => nowMs,
  });
  excepted = guard.except(EXCEPTION);
}

beforeEach(() => {
  shared = new ShakyStore();
  nowMs = 1_000_000;
  events = [];
  open();
});

function countEvents(type: ReplayEvent["type"]): number {
  return events.filter((event) => event.type === type).length;
}

/** What was begun without being waited for. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a route with an exception", () => {
  it("asks the store that all share while that answers", async () => {
    assert.equal(await excepted.use("a", END_MS), "first");
    assert.equal(await excepted.use("a", END_MS), "seen");
    assert.equal(await guard.use("a", END_MS), "seen");
    assert.deepEqual([shared.memory.size, events], [1, []]);
  });

  it("goes on with what this machine remembers, also of the time before, while the store is away", async () => {
    await excepted.use("before", END_MS);
    shared.isAway = true;
    assert.equal(await excepted.use("a", END_MS), "first");
    assert.equal(await excepted.use("a", END_MS), "seen");
    assert.equal(await excepted.use("before", END_MS), "seen");
    assert.equal(countEvents("accepted_locally"), 1);
    assert.equal(countEvents("refused_locally"), 2);
    assert.equal(countEvents("store_lost"), 1);
  });

  it("ends with its seconds, from the first call without an answer on", async () => {
    shared.isAway = true;
    assert.equal(await excepted.use("a", END_MS), "first");
    nowMs += 29_999;
    assert.equal(await excepted.use("b", END_MS), "first");
    nowMs += 1;
    await assert.rejects(excepted.use("c", END_MS));
    assert.equal(countEvents("exception_over"), 1);
  });

  it("does not begin anew where the store answers now and then", async () => {
    shared.isAway = true;
    await excepted.use("a", END_MS);
    for (let second = 0; second < 30; second++) {
      nowMs += 1000;
      shared.isAway = second % 5 !== 0;
      await excepted.use(`a${second}`, END_MS).catch(() => undefined);
    }
    shared.isAway = true;
    nowMs += 1000;
    await assert.rejects(excepted.use("late", END_MS));
    // After a time in which all went well it is another outage.
    shared.isAway = false;
    nowMs += 1000;
    await excepted.use("well", END_MS);
    nowMs += 11_000;
    shared.isAway = true;
    assert.equal(await excepted.use("anew", END_MS), "first");
  });

  it("tries the store again each second, and no more often", async () => {
    shared.isAway = true;
    for (let index = 0; index < 10; index++) await excepted.use(`a${index}`, END_MS);
    assert.equal(shared.calls, 1);
    nowMs += 1000;
    for (let index = 0; index < 10; index++) await excepted.use(`b${index}`, END_MS);
    assert.equal(shared.calls, 2);
  });

  it("tells the store what was accepted without it, and nobody else accepts that", async () => {
    shared.isAway = true;
    for (let index = 0; index < 50; index++) await excepted.use(`a${index}`, END_MS);
    shared.isAway = false;
    nowMs += 1000;
    assert.equal(await excepted.use("back", END_MS), "first");
    await settle();
    assert.equal(shared.memory.size, 51);
    assert.equal(await shared.use("a7", END_MS), "seen");
    assert.equal(countEvents("store_back"), 1);
    assert.equal(countEvents("known_elsewhere"), 0);
  });

  it("says so where a use that it let pass had been made elsewhere", async () => {
    await shared.use("a", END_MS);
    shared.isAway = true;
    assert.equal(await excepted.use("a", END_MS), "first");
    shared.isAway = false;
    nowMs += 1000;
    await excepted.use("back", END_MS);
    await settle();
    assert.equal(countEvents("known_elsewhere"), 1);
    const [told] = events.filter((event) => event.type === "known_elsewhere");
    assert.ok(told !== undefined && told.use !== "a" && told.use.length === 16);
  });

  it("lets nobody pass where this machine cannot remember", async () => {
    open(new MemoryReplayStore({ maxEntries: 1 }));
    shared.isAway = true;
    assert.equal(await excepted.use("a", END_MS), "first");
    await assert.rejects(excepted.use("b", END_MS));
  });

  it("does not wait for a store that hangs", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    shared.use = () => new Promise(() => undefined);
    const use = excepted.use("a", END_MS);
    t.mock.timers.tick(500);
    assert.equal(await use, "first");
    assert.equal(await excepted.use("a", END_MS), "seen");
  });
});

describe("a route without an exception", () => {
  it("lets nobody pass while the store is away", async () => {
    shared.isAway = true;
    await assert.rejects(guard.use("a", END_MS));
    await assert.rejects(guard.use("a", END_MS));
    shared.isAway = false;
    assert.equal(await guard.use("a", END_MS), "first");
  });

  it("does not accept what another route accepted without the store, before the store knows of it", async () => {
    shared.isAway = true;
    await excepted.use("a", END_MS);
    shared.isAway = false;
    assert.equal(await guard.use("a", END_MS), "seen");
  });

  it("costs this machine's memory nothing where no route has one", async () => {
    const memory = new MemoryReplayStore();
    const plain = new ReplayGuard({ shared, local: memory, observer: () => undefined });
    await plain.use("a", END_MS);
    assert.equal(memory.size, 0);
  });
});
