import assert from "node:assert/strict";
import { test } from "node:test";

import { measureClock } from "../../src/oauth-client/measure-clock.ts";

const DATE_MS = Date.parse("Tue, 24 Nov 2026 02:00:00 GMT");
const headers = new Headers({ date: new Date(DATE_MS).toUTCString() });

test("a clock is apart by what neither the way nor the resolution of a second explains", () => {
  const measure = (askedMs: number, answeredMs: number): number | undefined =>
    measureClock(headers, { askedMs: DATE_MS + askedMs, answeredMs: DATE_MS + answeredMs });
  assert.equal(measure(0, 0), 0);
  assert.equal(measure(999, 5000), 0);
  assert.equal(measure(-5000, 1), 0);
  assert.equal(measure(-46_000, -45_000), 46);
  assert.equal(measure(46_000, 47_000), -46);
  assert.equal(measure(1, 0), undefined, "our clock was set back");
});

test("an answer without a readable time says nothing of its clock", () => {
  for (const date of ["", "soon"]) {
    assert.equal(measureClock(new Headers({ date }), { askedMs: 0, answeredMs: 0 }), undefined);
  }
  assert.equal(measureClock(new Headers(), { askedMs: 0, answeredMs: 0 }), undefined);
});
