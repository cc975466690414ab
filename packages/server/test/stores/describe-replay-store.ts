/** What every store of uses has to do, whatever it keeps them in. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ReplayStore } from "countersign";

export interface ClosableReplayStore extends ReplayStore {
  close(): Promise<void>;
}

export interface ReplayPlace {
  /** Another store of the same uses, as another process would open it. */
  open(clock?: () => number): Promise<ClosableReplayStore>;
  /** Whatever was opened is closed and gone. */
  dispose(): Promise<void>;
}

export function describeReplayStore(
  name: string,
  { skip, createPlace }: { readonly skip: string | false; readonly createPlace: () => Promise<ReplayPlace> },
): void {
  describe(`first uses in ${name}`, { skip }, () => {
    let place: ReplayPlace;
    let stores: readonly ClosableReplayStore[];

    before(async () => {
      place = await createPlace();
      stores = await Promise.all([place.open(), place.open(), place.open(), place.open()]);
    });
    after(() => place.dispose());

    function storeAt(index: number): ClosableReplayStore {
      return stores[index % stores.length] as ClosableReplayStore;
    }

    const laterMs = (): number => Date.now() + 60_000;

    it("go to exactly one of a hundred presentations at four instances", async () => {
      const uses = await Promise.all(
        Array.from({ length: 100 }, (_, index) => storeAt(index).use("one", laterMs())),
      );
      assert.equal(uses.filter((use) => use === "first").length, 1);
      assert.equal(uses.filter((use) => use === "seen").length, 99);
    });

    it("are of one key each, however alike the keys are", async () => {
      const keys = [
        "",
        "a",
        "A",
        "a ",
        "a\0",
        "\u00e9",
        "e\u0301",
        "x".repeat(10_000),
        `${"x".repeat(10_000)}y`,
      ];
      for (const key of keys) assert.equal(await storeAt(0).use(key, laterMs()), "first", key.slice(0, 9));
      for (const key of keys) assert.equal(await storeAt(1).use(key, laterMs()), "seen", key.slice(0, 9));
    });

    it("are remembered until they expire, and no longer", async () => {
      const expiresAtMs = Date.now() + 150;
      assert.equal(await storeAt(0).use("brief", expiresAtMs), "first");
      assert.equal(await storeAt(1).use("brief", laterMs()), "seen");
      await new Promise((resolve) => setTimeout(resolve, expiresAtMs - Date.now() + 20));
      assert.equal(await storeAt(1).use("brief", laterMs()), "first");
      assert.equal(await storeAt(0).use("brief", laterMs()), "seen");
    });

    it("outlive the instance that recorded them", async () => {
      const store = await place.open();
      await store.use("lasting", laterMs());
      await store.close();
      assert.equal(await storeAt(0).use("lasting", laterMs()), "seen");
    });

    it("cannot be recorded without a time, or for longer than 31 days", async () => {
      const { length } = stores;
      assert.ok(length > 0);
      await assert.rejects(storeAt(0).use("k", Number.NaN), RangeError);
      await assert.rejects(storeAt(0).use("k", Number.POSITIVE_INFINITY), RangeError);
      await assert.rejects(storeAt(0).use("k", Date.now() + 32 * 86_400_000), RangeError);
      const timeless = await place.open(() => Number.NaN);
      await assert.rejects(timeless.use("k", laterMs()), RangeError);
    });

    it("cannot be recorded in a store that is closed", async () => {
      const store = await place.open();
      await store.close();
      await assert.rejects(store.use("k", laterMs()), /closed/);
      await store.close();
    });
  });
}
