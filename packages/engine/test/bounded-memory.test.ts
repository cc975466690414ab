import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BoundedMemory } from "../src/bounded-memory.ts";

test("a bounded memory gives what was set last, and lets the oldest go for the next", () => {
  const memory = new BoundedMemory<string, number>(2);
  memory.set("a", 1);
  memory.set("b", 2);
  assert.equal(memory.get("a"), 1);
  memory.set("a", 3);
  assert.deepEqual([memory.get("a"), memory.get("b")], [3, 2], "setting anew takes no room");
  memory.set("c", 4);
  assert.deepEqual([memory.get("a"), memory.get("b"), memory.get("c")], [undefined, 2, 4]);
});

test("it never has more entries than it may, whatever is set", () => {
  const entries = fc.array(fc.tuple(fc.nat(20), fc.nat()), { maxLength: 100 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), entries, (maxEntries, sets) => {
      const memory = new BoundedMemory<number, number>(maxEntries);
      const model = new Map<number, number>();
      for (const [key, value] of sets) {
        memory.set(key, value);
        model.set(key, value);
        const held = Array.from({ length: 21 }, (_, one) => one).filter(
          (one) => memory.get(one) !== undefined,
        );
        assert.ok(held.length <= maxEntries && held.length <= model.size);
        for (const one of held) assert.equal(memory.get(one), model.get(one));
        assert.equal(memory.get(key), value);
      }
    }),
  );
});
