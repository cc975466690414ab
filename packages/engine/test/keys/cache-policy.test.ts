import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  boundLifetimeSeconds,
  measureClockDifference,
  parseHttpDate,
  readFreshnessSeconds,
  refreshAfterMs,
} from "../../src/keys/cache-policy.ts";

const NOW = Date.UTC(2026, 10, 23, 10, 0, 0);

function freshness(headers: Readonly<Record<string, string>>): number | undefined {
  return readFreshnessSeconds(new Headers(headers), NOW);
}

test("headers become seconds of freshness as RFC 9111 section 4.2 says", () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, number | undefined])[] = [
    [{}, undefined],
    [{ "cache-control": "max-age=60" }, 60],
    [{ "cache-control": 'MAX-AGE="60"' }, 60],
    [{ "cache-control": " public ,max-age = 60 , must-revalidate" }, 60],
    [{ "cache-control": "max-age=60, max-age=30" }, 30],
    [{ "cache-control": "max-age=" }, 0],
    [{ "cache-control": "max-age=-1" }, 0],
    [{ "cache-control": "max-age=1.5" }, 0],
    [{ "cache-control": "max-age=99999999999" }, 0],
    [{ "cache-control": "no-store" }, 0],
    [{ "cache-control": 'no-cache="x", max-age=60' }, 0],
    [{ "cache-control": "s-maxage=60" }, undefined],
    [{ "cache-control": `max-age=60,${"x".repeat(4085)}` }, 60],
    [{ "cache-control": `max-age=60,${"x".repeat(4086)}` }, 0],
    [{ "cache-control": "max-age" }, 0],
    [{ "cache-control": "max-age=9999999999" }, 9_999_999_999],
    [{ "cache-control": "max-age=60", age: "45" }, 15],
    [{ "cache-control": "max-age=60", age: "90" }, 0],
    [{ "cache-control": "max-age=60", age: "old" }, 60],
    [{ "cache-control": "max-age=60", expires: "0" }, 60],
    [{ expires: "Mon, 23 Nov 2026 10:05:00 GMT" }, 300],
    [{ expires: "Mon, 23 Nov 2026 10:05:00 GMT", date: "Mon, 23 Nov 2026 10:04:00 GMT" }, 60],
    [{ expires: "Mon, 23 Nov 2026 09:00:00 GMT" }, 0],
    [{ expires: "Mon, 23 Nov 2026 10:05:00 GMT", date: "yesterday" }, 300],
    [{ expires: "Mon, 23 Nov 2026 10:05:00 GMT", age: "100" }, 200],
    [{ expires: "2026-11-23T10:05:00Z" }, 0],
  ];
  for (const [headers, expected] of cases)
    assert.equal(freshness(headers), expected, JSON.stringify(headers));
});

test("whatever the headers say, the lifetime stays inside the bounds and the refresh inside the lifetime", () => {
  const bounds = { minRefreshSeconds: 60, maxRefreshSeconds: 3600 };
  const text = fc.string({ maxLength: 60 }).map((value) => value.replaceAll(/[^\t\x20-\x7e]/g, ""));
  const random = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(text, text, text, random, (control, age, expires, jitter) => {
      const seconds = boundLifetimeSeconds(freshness({ "cache-control": control, age, expires }), bounds);
      assert.ok(seconds >= 60 && seconds <= 3600);
      const refreshMs = refreshAfterMs(seconds, jitter);
      assert.ok(refreshMs >= seconds * 750 && refreshMs <= seconds * 900);
    }),
  );
});

test("only IMF-fixdates are dates", () => {
  assert.equal(parseHttpDate("Mon, 23 Nov 2026 10:00:00 GMT"), NOW);
  for (const text of [
    null,
    "",
    "Monday, 23-Nov-26 10:00:00 GMT",
    "Mon, 23 Nov 2026 10:00:00 +0100",
    "Mon, 23 Xxx 2026 10:00:00 GMT",
    "Tue, 23 Nov 2026 10:00:00 GMT",
    "Wed, 31 Dec 1969 23:59:59 GMT",
  ]) {
    assert.equal(parseHttpDate(text), undefined, String(text));
  }
  assert.equal(parseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
});

test("a clock difference inside the resolution of the header and half the round trip is none", () => {
  const headers = new Headers({ date: "Mon, 23 Nov 2026 10:00:00 GMT" });
  const measure = (startedMs: number, answeredMs: number): number | undefined =>
    measureClockDifference(headers, { startedMs, answeredMs });
  assert.equal(measure(NOW, NOW), 0);
  assert.equal(measure(NOW + 999, NOW + 1000), 0);
  assert.equal(measure(NOW - 4000, NOW + 1000), 0);
  assert.equal(measure(NOW - 60_000, NOW - 60_000), 61);
  assert.equal(measure(NOW + 120_500, NOW + 120_500), -120);
  assert.equal(measure(NOW + 1000, NOW), undefined);
  // Beyond half the round trip, and within all of it.
  assert.equal(measure(NOW - 9000, NOW - 4000), 7);
  assert.equal(measure(NOW - 500, NOW + 500), 0);
  assert.equal(measureClockDifference(new Headers(), { startedMs: NOW, answeredMs: NOW }), undefined);
  const cached = new Headers({ date: "Mon, 23 Nov 2026 09:59:00 GMT", age: "60" });
  assert.equal(measureClockDifference(cached, { startedMs: NOW, answeredMs: NOW }), 0);
});
