import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDistance, formatInstant, formatMilliseconds, formatSpan } from "../../src/output/time-text.ts";

test("instants are told in UTC to the second, and only where the calendar has them", () => {
  assert.equal(formatInstant(0), "1970-01-01 00:00:00 UTC");
  assert.equal(formatInstant(1_768_478_400.9), "2026-01-15 12:00:00 UTC");
  for (const seconds of [8.64e12 + 1, -8.64e12 - 1, Number.POSITIVE_INFINITY, Number.NaN]) {
    assert.equal(formatInstant(seconds), undefined);
  }
});

test("spans are told in the unit that people would choose", () => {
  const spans = [0, 59, 119, 120, 7199, 7200, 172_799, 172_800, 63_072_000].map(formatSpan);
  assert.deepEqual(spans, ["0 s", "59 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days", "2 years"]);
});

test("distances say past, future or now", () => {
  assert.equal(formatDistance(100, 280), "3 min ago");
  assert.equal(formatDistance(280, 100), "in 3 min");
  assert.equal(formatDistance(100.4, 100), "now");
});

test("durations have as many digits as help", () => {
  assert.deepEqual([0.084, 4.12, 812.3].map(formatMilliseconds), ["0.08 ms", "4.1 ms", "812 ms"]);
});
