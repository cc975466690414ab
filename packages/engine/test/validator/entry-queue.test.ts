import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EntryQueue, type QueueEntry } from "../../src/validator/entry-queue.ts";

interface Entry extends QueueEntry<Entry> {
  readonly name: number;
}

function createEntry(name: number): Entry {
  return { name, before: undefined, after: undefined };
}

/** The names from the first on, after which each must lead back the same way. */
function readNames(queue: EntryQueue<Entry>): readonly number[] {
  const names: number[] = [];
  let last: Entry | undefined;
  for (let entry = queue.first; entry !== undefined; entry = entry.after) {
    assert.equal(entry.before, last);
    names.push(entry.name);
    last = entry;
  }
  return names;
}

test("a queue is an array to whose end is added and out of which anything may be taken", () => {
  const step = fc.oneof(fc.constant("push" as const), fc.nat({ max: 30 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = new EntryQueue<Entry>();
      const model: Entry[] = [];
      for (const [name, one] of steps.entries()) {
        if (one === "push") {
          const entry = createEntry(name);
          queue.push(entry);
          model.push(entry);
        } else if (model.length > 0) {
          const [taken] = model.splice(one % model.length, 1);
          queue.remove(taken as Entry);
          assert.deepEqual([taken?.before, taken?.after], [undefined, undefined]);
        }
        assert.deepEqual(
          readNames(queue),
          model.map((entry) => entry.name),
        );
        assert.equal(queue.size, model.length);
        assert.equal(queue.first, model[0]);
      }
    }),
    { numRuns: 500 },
  );
});

test("what was taken out can be put in again, at the end", () => {
  const queue = new EntryQueue<Entry>();
  const entries = [1, 2, 3].map(createEntry);
  for (const entry of entries) queue.push(entry);
  for (const [index, names] of [
    [0, [2, 3, 1]],
    [2, [2, 1, 3]],
    [1, [1, 3, 2]],
  ] as const) {
    const entry = entries[index] as Entry;
    queue.remove(entry);
    queue.push(entry);
    assert.deepEqual(readNames(queue), names);
  }
  for (const entry of entries) queue.remove(entry);
  assert.deepEqual([queue.size, queue.first], [0, undefined]);
});
