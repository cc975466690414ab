import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SharedFeed } from "../../src/revocation/shared-feed.ts";
import { MemoryRevocationStore } from "../../src/stores/memory-revocation-store.ts";
import { createRevocation } from "../stores/sample-revocations.ts";

async function createFeed(
  records: number,
): Promise<{ store: MemoryRevocationStore; feed: SharedFeed; reads: number[] }> {
  const store = new MemoryRevocationStore();
  const reads: number[] = [];
  const feed = new SharedFeed({
    read(query) {
      reads.push(query.after);
      return store.read(query);
    },
    waitForChange: (query) => store.waitForChange(query),
    expire: (limit) => store.expire(limit),
  });
  for (let left = records; left > 0; left -= 500) {
    await store.append(Array.from({ length: Math.min(left, 500) }, () => createRevocation()));
  }
  return { store, feed, reads };
}

describe("a feed for several processes", () => {
  it("gives others exactly what the store has, from what it keeps where it can", async () => {
    const { store, feed, reads } = await createFeed(40);
    await feed.read({ after: 0, limit: 250 });
    await store.append([createRevocation()]);
    await feed.read({ after: 40, limit: 250 });
    assert.deepEqual(reads, [0, 40]);
    for (let after = 0; after <= 41; after++) {
      const kept = await feed.readRecent({ after, limit: 7 });
      const { ageMs, ...page } = kept;
      assert.deepEqual(page, await store.read({ after, limit: 7 }));
      assert.ok(ageMs !== undefined && ageMs >= 0);
    }
    assert.deepEqual(reads, [0, 40]);
  });

  it("reads the store for who is further behind than what it keeps, or ahead of it", async () => {
    const { store, feed, reads } = await createFeed(3000);
    for (let after = 0; after < 3000; after += 250) await feed.read({ after, limit: 250 });
    await feed.read({ after: 3000, limit: 250 });
    const before = reads.length;
    const page = await feed.readRecent({ after: 0, limit: 250 });
    assert.deepEqual(page, await store.read({ after: 0, limit: 250 }));
    await feed.readRecent({ after: 5000, limit: 250 });
    assert.deepEqual(reads.slice(before), [0, 5000]);
  });

  it("tells who waits when there is more, and not before the time is over where there is not", async () => {
    const { store, feed } = await createFeed(1);
    await feed.read({ after: 0, limit: 250 });
    let isTold = false;
    const told = feed.waitForRecent(1, 10_000).then(() => {
      isTold = true;
    });
    await feed.waitForRecent(1, 20);
    assert.equal(isTold, false);
    await store.append([createRevocation()]);
    await feed.read({ after: 1, limit: 250 });
    await told;
    await feed.waitForRecent(0, 10_000);
  });
});
