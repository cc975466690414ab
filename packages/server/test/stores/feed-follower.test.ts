import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { MemoryRevocationList, type Revocation } from "countersign";
import { FeedFollower, type FollowerEvent, type FollowerOptions } from "../../src/stores/feed-follower.ts";
import type { FeedChange } from "../../src/stores/revocation-store.ts";
import { waitFor } from "../kit/wait-for.ts";
import { createRevocation, ISSUER } from "./sample-revocations.ts";
import { ScriptedStore } from "./scripted-store.ts";

function revoked(jti: string, changes: Partial<Revocation> = {}): FeedChange {
  const target = { kind: "token", issuer: ISSUER, value: jti } as const;
  return { type: "revoked", revocation: createRevocation({ target, ...changes }) };
}

function lifted(jti: string): FeedChange {
  return {
    type: "lifted",
    lift: { id: "r", actor: "a", reason: "b", liftedAtMs: 1 },
    lifted: {
      target: { kind: "token", issuer: ISSUER, value: jti },
      status: "revoked",
      remaining: undefined,
    },
  };
}

for (const bringsNews of [false, true]) {
  describe(`a follower of a store ${bringsNews ? "whose news bring records" : "that is read"}`, () => {
    const running: FeedFollower[] = [];

    afterEach(async () => {
      for (const follower of running.splice(0)) await follower.stop();
    });

    interface Fixture {
      readonly store: ScriptedStore;
      readonly list: MemoryRevocationList;
      readonly follower: FeedFollower;
      readonly events: FollowerEvent[];
      readonly clock: { ms: number };
      refuses(jti: string): boolean;
      eventsOf<T extends FollowerEvent["type"]>(type: T): Extract<FollowerEvent, { type: T }>[];
    }

    async function follow(
      before: readonly (FeedChange | undefined)[],
      options: Partial<FollowerOptions> & { readonly maxEntries?: number } = {},
    ): Promise<Fixture> {
      const { maxEntries, ...others } = options;
      const store = new ScriptedStore();
      store.bringsNews = bringsNews;
      const clock = { ms: Date.now() };
      const list = new MemoryRevocationList({
        clock: () => clock.ms,
        ...(maxEntries === undefined ? {} : { maxEntries }),
      });
      const events: FollowerEvent[] = [];
      const observer = (event: FollowerEvent): void => {
        events.push(event);
      };
      const follower = new FeedFollower({ store, list, observer, heartbeatMs: 20, ...others });
      running.push(follower);
      store.add(...before);
      follower.start();
      await follower.caughtUp();
      return {
        store,
        list,
        follower,
        events,
        clock,
        refuses: (jti) => list.find({ claims: { iss: ISSUER, jti }, keyId: undefined }) === "revoked",
        eventsOf: (type) => events.filter((event) => event.type === type) as never,
      };
    }

    it("reads everything first, then what comes, and says how long that took", async () => {
      const { store, follower, refuses, eventsOf } = await follow([revoked("a"), revoked("b"), lifted("a")]);
      assert.equal(refuses("a"), false);
      assert.equal(refuses("b"), true);
      assert.deepEqual(eventsOf("change_applied"), []);
      assert.equal(eventsOf("resync_finished")[0]?.records, 3);
      const late = revoked("c", { createdAtMs: Date.now() - 5000 });
      store.add(late);
      await waitFor(() => refuses("c"));
      const [applied] = eventsOf("change_applied");
      assert.deepEqual([applied?.position, applied?.change], [4, late]);
      assert.ok((applied?.delayMs ?? 0) >= 5000 && (applied?.delayMs ?? 0) < 15_000);
      const status = follower.status();
      assert.deepEqual([status.position, status.isConnected, status.isCaughtUp], [4, true, true]);
      assert.deepEqual(status.resyncs, { start: 1 });
    });

    it("reads more than a page", async () => {
      const many = Array.from({ length: 1000 }, (_, index) => revoked(`jti ${index}`));
      const { list, store, refuses } = await follow(many);
      assert.equal(list.size, 1000);
      store.add(...Array.from({ length: 1000 }, (_, index) => revoked(`more ${index}`)));
      await waitFor(() => refuses("more 999"));
      assert.equal(list.size, 2000);
    });

    it("is fresh while the store answers, grows stale when it does not, and keeps refusing what it knows", async () => {
      const { store, list, follower, clock, refuses, eventsOf } = await follow([revoked("a")]);
      assert.equal(list.isFresh(), true);
      store.isAway = true;
      store.wake();
      await waitFor(() => eventsOf("feed_lost").length > 0);
      clock.ms += 60_001;
      assert.equal(follower.status().isFresh, false);
      assert.ok(follower.status().ageSeconds > 60);
      assert.equal(follower.status().isConnected, false);
      assert.equal(refuses("a"), true);
      store.add(revoked("b"));
      store.isAway = false;
      await waitFor(() => refuses("b"));
      await waitFor(() => list.isFresh());
      assert.equal(eventsOf("feed_lost").length, 1);
      assert.equal(eventsOf("feed_back").length, 2);
      // What came while it was lost follows on what was applied: nothing had to be read again.
      assert.deepEqual(follower.status().resyncs, { start: 1 });
    });

    it("notices that the store was taken back to an older copy, and forgets nothing", async () => {
      const { store, follower, refuses } = await follow([revoked("a"), revoked("b"), revoked("c")]);
      store.restore(1);
      await waitFor(() => follower.status().resyncs.behind === 1 && follower.status().isCaughtUp);
      assert.deepEqual([refuses("a"), refuses("b"), refuses("c")], [true, true, true]);
      assert.equal(follower.status().position, 1);
      store.add(revoked("d"));
      await waitFor(() => refuses("d"));
      assert.deepEqual(follower.status().resyncs, { start: 1, behind: 1 });
    });

    it("notices another history that is as long as its own, or longer, and reads what it lacks", async () => {
      for (const added of [["x"], ["x", "y"], ["x", "y", "z"]]) {
        const { store, follower, refuses } = await follow([revoked("a"), revoked("b")]);
        store.restore(1);
        store.add(...added.map((jti) => revoked(jti)));
        await waitFor(() => added.every(refuses) && follower.status().isCaughtUp);
        assert.deepEqual(follower.status().resyncs, { start: 1, other_history: 1 }, added.join());
        assert.equal(refuses("b"), true);
      }
    });

    it("notices that records are missing, and reads everything again", async () => {
      const { store, follower, refuses } = await follow([revoked("a")]);
      store.add(revoked("b"), revoked("c"));
      store.records = store.records.filter(({ position }) => position !== 2);
      await waitFor(() => refuses("c") && follower.status().isCaughtUp);
      assert.equal(follower.status().resyncs.gap, 1);
      store.add(revoked("d"));
      store.records = store.records.filter(({ position }) => position !== 4);
      store.wake();
      await waitFor(() => follower.status().resyncs.gap === 2 && follower.status().isCaughtUp);
      assert.equal(follower.status().position, 4);
    });

    it("does not take records that are missing at the start for a loss", async () => {
      const { store, follower, refuses } = await follow([revoked("a"), revoked("b")]);
      await follower.stop();
      store.records = [];
      const list = new MemoryRevocationList();
      const next = new FeedFollower({ store, list, heartbeatMs: 20 });
      running.push(next);
      next.start();
      await next.caughtUp();
      assert.deepEqual([next.status().position, next.status().resyncs], [2, { start: 1 }]);
      store.add(revoked("c"));
      await waitFor(() => next.status().position === 3);
      assert.equal(refuses("a"), true);
    });

    it("does not confirm a list that could not take everything", async () => {
      const { store, list, events, eventsOf, refuses } = await follow([
        revoked("a"),
        undefined,
        revoked("b"),
      ]);
      assert.equal(refuses("b"), true);
      assert.equal(list.isFresh(), false);
      assert.equal(eventsOf("record_refused")[0]?.position, 2);
      store.add(revoked("c"));
      await waitFor(() => refuses("c"));
      assert.equal(list.isFresh(), false);
      assert.ok(!events.some(({ type }) => type === "feed_lost"));

      const full = await follow([revoked("a"), revoked("b"), revoked("c")], { maxEntries: 2 });
      assert.equal(full.list.isFresh(), false);
      assert.match(full.eventsOf("record_refused")[0]?.problem ?? "", /at most 2 entries/);
    });

    it("has expired records deleted now and then, and does without", async () => {
      const { store, list, eventsOf } = await follow([], { trimMs: 10 });
      await waitFor(() => store.expired.length > 1);
      store.expire = async () => {
        throw new Error("not allowed");
      };
      await waitFor(() => eventsOf("trim_failed").length > 0);
      assert.equal(eventsOf("feed_lost").length, 0);
      assert.equal(list.isFresh(), true);
    });

    it("goes on whatever its observer throws", async () => {
      const { store, refuses } = await follow([revoked("a")], {
        observer: () => {
          throw new Error("watcher");
        },
      });
      store.add(revoked("b"));
      await waitFor(() => refuses("b"));
    });

    it("reads nothing once it is stopped, and can be stopped while the store is away", async () => {
      const { store, follower } = await follow([revoked("a")]);
      store.isAway = true;
      store.wake();
      await follower.stop();
      const { reads } = store;
      follower.start();
      await new Promise((resolve) => setTimeout(resolve, 40));
      assert.equal(store.reads, reads);
      await new FeedFollower({ store, list: new MemoryRevocationList() }).stop();
    });

    it("refuses options outside their bounds", () => {
      const parts = { store: new ScriptedStore(), list: new MemoryRevocationList() };
      assert.throws(() => new FeedFollower({ ...parts, heartbeatMs: 9 }), RangeError);
      assert.throws(() => new FeedFollower({ ...parts, heartbeatMs: 10_001 }), RangeError);
      assert.throws(() => new FeedFollower({ ...parts, trimMs: 0 }), RangeError);
    });
  });
}
