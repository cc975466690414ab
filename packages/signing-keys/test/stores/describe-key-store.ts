import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KeyStore } from "@countersign/signing-keys";

export interface StorePlace {
  /** Another store on the same place. */
  open(): Promise<KeyStore>;
  dispose(): Promise<void>;
}

export interface StoreSubject {
  readonly skip?: string | false;
  createPlace(): Promise<StorePlace>;
}

/** What every store of the ledger has to do. */
export function describeKeyStore(name: string, { skip = false, createPlace }: StoreSubject): void {
  describe(`the ${name} key store`, { skip }, () => {
    const places: StorePlace[] = [];
    const open = async (): Promise<{ readonly place: StorePlace; readonly store: KeyStore }> => {
      const place = await createPlace();
      places.push(place);
      return { place, store: await place.open() };
    };
    before(() => undefined);
    after(async () => {
      await Promise.all(places.map((place) => place.dispose()));
    });

    it("holds nothing until something is written", async () => {
      const { store } = await open();
      assert.equal(await store.read(), undefined);
    });

    it("gives back what was written, to others on the same place too", async () => {
      const { place, store } = await open();
      const text = JSON.stringify({ text: "ä\u{1f511}\n", long: "x".repeat(200_000) });
      assert.equal(await store.replace({ version: 1, text }), true);
      assert.deepEqual(await store.read(), { version: 1, text });
      assert.deepEqual(await (await place.open()).read(), { version: 1, text });
    });

    it("refuses a version that does not follow, and keeps what it has", async () => {
      const { store } = await open();
      assert.equal(await store.replace({ version: 2, text: "two" }), false);
      assert.equal(await store.replace({ version: 1, text: "one" }), true);
      assert.equal(await store.replace({ version: 1, text: "another" }), false);
      assert.equal(await store.replace({ version: 3, text: "three" }), false);
      assert.equal(await store.replace({ version: 2, text: "two" }), true);
      assert.equal(await store.replace({ version: 2, text: "another" }), false);
      assert.deepEqual(await store.read(), { version: 2, text: "two" });
    });

    it("tells exactly one of many writers of a version that it was first", async () => {
      const { place } = await open();
      const stores = await Promise.all([place.open(), place.open(), place.open()]);
      for (let version = 1; version <= 40; version += 1) {
        const texts = Array.from({ length: 9 }, (_, index) => `${version}-${index}`);
        const won = await Promise.all(
          texts.map(async (text, index) => {
            return (await stores[index % stores.length]?.replace({ version, text })) === true ? [text] : [];
          }),
        );
        assert.equal(won.flat().length, 1);
        assert.deepEqual(await stores[0]?.read(), { version, text: won.flat()[0] });
      }
    });

    it("never takes a writer that slept for a long time for one that was first", async () => {
      const { store } = await open();
      for (let version = 1; version <= 40; version += 1) await store.replace({ version, text: `${version}` });
      for (const version of [1, 2, 20, 24, 25, 39, 40, 42]) {
        assert.equal(await store.replace({ version, text: "late" }), false, `version ${version}`);
      }
      assert.deepEqual(await store.read(), { version: 40, text: "40" });
    });
  });
}
