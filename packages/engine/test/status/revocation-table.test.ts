import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OrderedSegment, type SegmentEntry } from "../../src/status/ordered-segment.ts";
import { RevocationTable } from "../../src/status/revocation-table.ts";

/** Words that share places and segments, as hashes hardly ever would. */
const word = fc.constantFrom(0, 1, 2, 0x3f_ffff, 0x40_0000, 0x40_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff);
const hash = fc.tuple(word, word, word);
const expiry = fc.integer({ min: 1, max: 20 });

const step = fc.oneof(
  { arbitrary: fc.record({ act: fc.constant("set" as const), hash, expiry }), weight: 8 },
  { arbitrary: fc.record({ act: fc.constant("delete" as const), hash }), weight: 3 },
  {
    arbitrary: fc.record({ act: fc.constant("clearOut" as const), now: fc.integer({ min: 0, max: 21 }) }),
    weight: 1,
  },
);

test("the table holds what a Map holds, however much its places are crowded", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new RevocationTable();
      const model = new Map<string, number>();
      for (const taken of steps) {
        if (taken.act === "clearOut") {
          const before = model.size;
          for (const [name, expires] of model) if (expires <= taken.now) model.delete(name);
          assert.equal(table.clearOut(taken.now, 1), before - model.size);
        } else if (taken.act === "set") {
          table.set(new Uint32Array(taken.hash), {
            expiresSeconds: taken.expiry,
            cutOffSeconds: taken.expiry + 1,
          });
          model.set(taken.hash.join(), taken.expiry);
        } else {
          assert.equal(table.delete(new Uint32Array(taken.hash)), model.delete(taken.hash.join()));
        }
        assert.equal(table.size, model.size);
      }
      for (const [name, expires] of model) {
        assert.deepEqual(read(table, name.split(",").map(Number)), {
          expiresSeconds: expires,
          cutOffSeconds: expires + 1,
        });
      }
      fc.assert(
        fc.property(hash, (words) =>
          assert.equal(read(table, words)?.expiresSeconds, model.get(words.join())),
        ),
        { numRuns: 20 },
      );
    }),
    { numRuns: 200 },
  );
});

test("entries that all compute to the last place are kept, however many they are", () => {
  const table = new RevocationTable();
  for (let count = 1; count <= 500; count++) {
    table.set(Uint32Array.of(0x3f_ffff, count % 7, count), { expiresSeconds: count, cutOffSeconds: count });
  }
  for (let count = 1; count <= 500; count++) {
    assert.equal(read(table, [0x3f_ffff, count % 7, count])?.expiresSeconds, count);
  }
  assert.equal(table.clearOut(250, 1), 250);
  for (let count = 251; count <= 500; count++) {
    assert.equal(read(table, [0x3f_ffff, count % 7, count])?.expiresSeconds, count);
  }
});

test("what is left is found after every third of 5,000 entries was deleted, and replaced by others", () => {
  const table = new RevocationTable();
  const model = new Map<string, number>();
  const next = createWords(3);
  for (let round = 0; round < 3; round++) {
    for (let count = 1; count <= 5000; count++) {
      const words = next();
      table.set(words, { expiresSeconds: count, cutOffSeconds: count });
      model.set(words.join(), count);
    }
    for (const name of [...model.keys()].filter((_, index) => index % 3 === 0)) {
      assert.equal(table.delete(Uint32Array.from(name.split(",").map(Number))), true);
      model.delete(name);
    }
    assert.equal(table.size, model.size);
    for (const [name, expires] of model) {
      assert.equal(read(table, name.split(",").map(Number))?.expiresSeconds, expires);
    }
  }
});

test("100,000 entries are found, take at most 32 bytes each, and give the room back when they expire", () => {
  const table = new RevocationTable();
  const next = createWords(1);
  for (let count = 1; count <= 200_000; count++) {
    table.set(next(), { expiresSeconds: count <= 100_000 ? 10 : 20, cutOffSeconds: count });
  }
  assert.equal(table.size, 200_000);
  assert.ok(table.bytes / table.size <= 32, `${table.bytes / table.size} bytes an entry`);
  const again = createWords(1);
  for (let count = 1; count <= 200_000; count++) assert.equal(read(table, again())?.cutOffSeconds, count);
  const strange = createWords(2);
  for (let count = 0; count < 10_000; count++) assert.equal(read(table, strange()), undefined);

  for (let turn = 0; turn < 4; turn++) table.clearOut(10, 1 / 4);
  assert.equal(table.size, 100_000);
  assert.ok(table.bytes / table.size <= 45, `${table.bytes / table.size} bytes an entry after half expired`);
  for (let turn = 0; turn < 3; turn++) table.clearOut(20, 1);
  assert.equal(table.size, 0);
  assert.equal(table.bytes, 4096, "the least filter");
});

test("hardly anything that is not entered has to be looked up, while the table grows, is cleared out, and grows again", () => {
  const table = new RevocationTable();
  let letThrough = 0;
  let asked = 0;
  const find = OrderedSegment.prototype.find;
  OrderedSegment.prototype.find = function (...parameters) {
    letThrough++;
    return find.apply(this, parameters);
  };
  try {
    const next = createWords(7);
    const strange = createWords(11);
    for (const most of [100_000, 30_000]) {
      for (let count = 1; count <= most; count++) {
        table.set(next(), { expiresSeconds: 10, cutOffSeconds: count });
        assert.equal(read(table, strange()), undefined);
        asked++;
      }
      for (let turn = 0; turn < 16; turn++) table.clearOut(10, 1 / 16);
    }
  } finally {
    OrderedSegment.prototype.find = find;
  }
  assert.ok(letThrough < asked / 20, `${letThrough} of ${asked}`);
});

function read(table: RevocationTable, words: Iterable<number>): SegmentEntry | undefined {
  const entry = { expiresSeconds: 0, cutOffSeconds: 0 };
  return table.find(new Uint32Array([...words]), entry) ? entry : undefined;
}

/** The same words for the same seed (xorshift). */
function createWords(seed: number): () => Uint32Array {
  let state = seed;
  const draw = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
  return () => Uint32Array.of(draw(), draw(), draw());
}
