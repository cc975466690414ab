/** The contract of `StatusIndexStore`, for every implementation. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  countPlaces,
  type IndexedToken,
  LIST_GRACE_MS,
  MAX_LISTS,
  type StatusEntry,
  StatusIndexesFullError,
  type StatusIndexStore,
} from "../../src/stores/status-index-store.ts";

export interface IndexStoreSetup {
  readonly name: string;
  /** Empty the first time; the same data each time after. */
  open(clock: () => number): Promise<StatusIndexStore>;
  /** Whether it goes by the store's own clock, and so not by ours. */
  readonly expiresByItself?: boolean;
  /** False where data ends with the store. */
  readonly isDurable: boolean;
  readonly skip?: string | false;
}

export function describeStatusIndexStore({ name, open, skip = false, ...setup }: IndexStoreSetup): void {
  describe(`${name} as a store of status indices`, { skip }, () => {
    let issuers = 0;
    const nextIssuer = (): string => `https://issuer-${++issuers}.test/${process.pid}-${Date.now()}`;
    const sample = (jti: string, changes: Partial<IndexedToken> = {}): IndexedToken => {
      return { jti, expiresAtMs: Date.now() + 60_000, sub: "alice", iat: 100, ...changes };
    };
    const readAll = async (store: StatusIndexStore, issuer: string, list: number): Promise<StatusEntry[]> => {
      const entries = new Map<number, StatusEntry>();
      for await (const page of store.readPages(issuer, list))
        for (const entry of page) entries.set(entry.index, entry);
      return [...entries.values()];
    };

    it("gives each token an index of its own, and the same again where it is asked again", async () => {
      const store = await open(Date.now);
      const issuer = nextIssuer();
      const tokens = Array.from({ length: 40 }, (_, index) => sample(`jti-${index}`));
      const first = await store.allocate({ issuer, capacity: 64, tokens });
      assert.equal(new Set(first.map(({ list, index }) => `${list} ${index}`)).size, 40);
      assert.ok(first.every(({ list, index }) => list === first[0]?.list && index >= 0 && index < 64));
      const again = await store.allocate({ issuer, capacity: 64, tokens: tokens.toReversed() });
      assert.deepEqual(again, first.toReversed());
      await store.close();
    });

    it("gives them at random: nobody learns the order in which tokens were issued", async () => {
      const store = await open(Date.now);
      const issuer = nextIssuer();
      const tokens = Array.from({ length: 30 }, (_, index) => sample(`jti-${index}`));
      const indices = (await store.allocate({ issuer, capacity: 1024, tokens })).map(({ index }) => index);
      assert.notDeepEqual(
        indices,
        indices.toSorted((left, right) => left - right),
      );
      await store.close();
    });

    it("begins the next list where the last is three quarters full, or has another size", async () => {
      const store = await open(Date.now);
      const issuer = nextIssuer();
      const tokens = Array.from({ length: 20 }, (_, index) => sample(`jti-${index}`));
      const places = await store.allocate({ issuer, capacity: 16, tokens });
      assert.equal(countPlaces(16), 12);
      // Who comes again for a free place may come after others.
      const number = Math.min(...places.map(({ list }) => list));
      assert.equal(places.filter(({ list }) => list === number).length, 12);
      assert.equal(places.filter(({ list }) => list === number + 1).length, 8);
      const [larger] = await store.allocate({ issuer, capacity: 64, tokens: [sample("other")] });
      assert.equal(larger?.list, number + 2);
      assert.deepEqual(await store.listLists(issuer), [number, number + 1, number + 2]);
      assert.equal((await readAll(store, issuer, number)).length, 12);
      await store.close();
    });

    it("gives back what it was told of each token, page by page", async () => {
      const store = await open(Date.now);
      const issuer = nextIssuer();
      const whole = sample("whole", { sid: "s", client_id: "c", kid: "k" });
      const bare: IndexedToken = { jti: "bare", expiresAtMs: Date.now() + 60_000 };
      const many = Array.from({ length: 500 }, (_, index) => sample(`jti-${index}`));
      const [first, second] = await store.allocate({ issuer, capacity: 4096, tokens: [whole, bare] });
      for (const part of ["a", "b"]) {
        const tokens = many.map((each) => ({ ...each, jti: part + each.jti }));
        await store.allocate({ issuer, capacity: 4096, tokens });
      }
      const entries = await readAll(store, issuer, first?.list ?? 0);
      assert.equal(entries.length, 1002);
      assert.deepEqual(entries.find(({ index }) => index === first?.index)?.token, whole);
      assert.deepEqual(entries.find(({ index }) => index === second?.index)?.token, bare);
      assert.deepEqual(await readAll(store, issuer, 1), []);
      assert.deepEqual(await store.listLists(nextIssuer()), []);
      await store.close();
    });

    it("keeps issuers apart", async () => {
      const store = await open(Date.now);
      const [one, other] = [nextIssuer(), nextIssuer()];
      await store.allocate({ issuer: one, capacity: 64, tokens: [sample("same")] });
      const bob = { issuer: other, capacity: 64, tokens: [sample("same", { sub: "bob" })] };
      const [place] = await store.allocate(bob);
      assert.equal((await readAll(store, other, place?.list ?? 0))[0]?.token.sub, "bob");
      await store.close();
    });

    it("never gives an index twice, whoever asks at the same time", async () => {
      const [one, other] = [await open(Date.now), setup.isDurable ? await open(Date.now) : undefined];
      const issuer = nextIssuer();
      const places = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          ((index % 2 === 0 ? other : undefined) ?? one).allocate({
            issuer,
            capacity: 32,
            tokens: [sample(`jti-${index}`)],
          }),
        ),
      );
      const names = places.flat().map(({ list, index }) => `${list} ${index}`);
      assert.equal(new Set(names).size, 60);
      await one.close();
      await other?.close();
    });

    it("remembers, where it is durable, what it gave before it was closed", {
      skip: !setup.isDurable,
    }, async () => {
      const before = await open(Date.now);
      const issuer = nextIssuer();
      const request = { issuer, capacity: 1024, tokens: [sample("kept")] };
      const places = await before.allocate(request);
      await before.close();
      const after = await open(Date.now);
      assert.deepEqual(await after.allocate(request), places);
      await after.close();
    });

    it("begins no list again under an old number once its tokens expired", {
      skip: setup.expiresByItself,
    }, async () => {
      let nowMs = Date.now();
      const store = await open(() => nowMs);
      const issuer = nextIssuer();
      const [first] = await store.allocate({
        issuer,
        capacity: 64,
        tokens: [sample("first", { expiresAtMs: nowMs + 1000 })],
      });
      const number = first?.list ?? 0;
      // Of its time: no list of a store that was lost has the number.
      assert.equal(number, Math.floor(nowMs / 1000));
      nowMs += 1000 + LIST_GRACE_MS - 1;
      assert.deepEqual(await store.listLists(issuer), [number]);
      nowMs += 2;
      assert.deepEqual(await store.listLists(issuer), []);
      const [second] = await store.allocate({
        issuer,
        capacity: 64,
        tokens: [sample("first", { expiresAtMs: nowMs + 1000 })],
      });
      assert.equal(second?.list, number + 1);
      assert.deepEqual(await readAll(store, issuer, number), []);
      await store.close();
    });

    it("refuses tokens where there are too many lists, and requests without bounds", async () => {
      const store = await open(Date.now);
      const issuer = nextIssuer();
      const places = countPlaces(8) * MAX_LISTS;
      const tokens = Array.from({ length: places }, (_, index) => sample(`jti-${index}`));
      await store.allocate({ issuer, capacity: 8, tokens });
      await assert.rejects(
        store.allocate({ issuer, capacity: 8, tokens: [sample("one more")] }),
        StatusIndexesFullError,
      );
      assert.equal((await store.allocate({ issuer, capacity: 8, tokens: tokens.slice(0, 3) })).length, 3);
      for (const wrong of [
        { capacity: 12, tokens: [] },
        { capacity: 2_097_152, tokens: [] },
        { capacity: 64, tokens: [sample("")] },
        { capacity: 64, tokens: [sample("x", { expiresAtMs: Number.NaN })] },
        { capacity: 64, tokens: Array.from({ length: 501 }, (_, index) => sample(`${index}`)) },
      ]) {
        await assert.rejects(store.allocate({ issuer, ...wrong }), RangeError);
      }
      await store.close();
    });
  });
}
