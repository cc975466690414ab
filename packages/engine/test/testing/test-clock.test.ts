import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTestClock } from "countersign/testing";

describe("createTestClock", () => {
  test("stands still until it is moved", () => {
    const clock = createTestClock(1_000);
    assert.equal(clock(), 1_000);
    assert.equal(clock.now, 1_000);
    clock.advance({ seconds: 2, ms: 5 });
    assert.equal(clock(), 3_005);
    clock.advance({ seconds: -1 });
    assert.equal(clock.now, 2_005);
    clock.set(7);
    assert.equal(clock(), 7);
  });

  test("starts at the present second", () => {
    const before = Date.now();
    const clock = createTestClock();
    assert.equal(clock() % 1000, 0);
    assert.ok(clock() <= Date.now() && clock() > before - 1000);
  });

  test("refuses times that are no time, and keeps the one it has", () => {
    const clock = createTestClock(1_000);
    assert.throws(() => clock.set(Number.NaN), RangeError);
    assert.throws(() => clock.advance({ seconds: Number.POSITIVE_INFINITY }), RangeError);
    assert.throws(() => createTestClock(Number.NaN), RangeError);
    assert.equal(clock(), 1_000);
  });
});
