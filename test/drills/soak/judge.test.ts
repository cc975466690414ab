import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  findMedian,
  findSlope,
  judgeAnswer,
  judgeTrend,
  LEAST_SAMPLES,
  MOST_POINTS,
  type Point,
  thinPoints,
} from "./judge.ts";

const ALLOWANCE = { share: 0.05, slack: 10 };

function series(count: number, valueAt: (index: number) => number): readonly Point[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: index * 1000, value: valueAt(index) }));
}

/** The same at each run, between -1 and 1. */
function noise(index: number): number {
  return Math.sin(index * 12.9898) * Math.cos(index * 78.233);
}

describe("the judgment of a soak's figures", () => {
  it("finds medians of odd and even numbers of values, and none of nothing", () => {
    assert.equal(findMedian([3, 1, 2]), 2);
    assert.equal(findMedian([4, 1, 2, 3]), 2.5);
    assert.throws(() => findMedian([]), RangeError);
  });

  it("finds the slope of a line exactly, in any order of its points", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50, max: 50 }),
        fc.array(fc.nat(1000), { minLength: 2, maxLength: 30 }),
        (slope, moments) => {
          const points = moments.map((atMs) => ({ atMs, value: 7 + slope * atMs }));
          const wanted = new Set(moments).size < 2 ? 0 : slope;
          assert.equal(findSlope(points) + 0, wanted + 0);
        },
      ),
    );
  });

  it("is not moved by a fifth of outliers, which move a mean", () => {
    const points = series(100, (index) => (index % 5 === 0 ? 10_000 : 100 + index));
    const slope = findSlope(points) * 1000;
    assert.ok(Math.abs(slope - 1) < 0.2, String(slope));
  });

  it("joins many points into few, and keeps their slope", () => {
    const points = series(4320, (index) => index);
    const thin = thinPoints(points);
    assert.ok(thin.length <= MOST_POINTS, String(thin.length));
    assert.equal(findSlope(thin), 0.001);
    assert.equal(thinPoints(points.slice(0, MOST_POINTS)).length, MOST_POINTS);
  });

  it("calls flat what stays, what falls, and what only makes noise", () => {
    assert.equal(
      judgeTrend(
        series(60, () => 1000),
        ALLOWANCE,
      ).isFlat,
      true,
    );
    assert.equal(
      judgeTrend(
        series(60, (index) => 1000 - index * 5),
        ALLOWANCE,
      ).isFlat,
      true,
    );
    assert.equal(
      judgeTrend(
        series(60, (index) => 1000 + 40 * noise(index)),
        ALLOWANCE,
      ).isFlat,
      true,
    );
  });

  it("finds a small leak under larger noise", () => {
    const trend = judgeTrend(
      series(300, (index) => 1000 + 0.4 * index + 60 * noise(index)),
      ALLOWANCE,
    );
    assert.equal(trend.isFlat, false);
    assert.ok(trend.growth > 90 && trend.growth < 150, String(trend.growth));
  });

  it("finds a leak by steps, and one that begins late and has no slope yet", () => {
    assert.equal(
      judgeTrend(
        series(60, (index) => 1000 + 20 * Math.floor(index / 10)),
        ALLOWANCE,
      ).isFlat,
      false,
    );
    const late = judgeTrend(
      series(60, (index) => (index < 47 ? 1000 : 1200)),
      ALLOWANCE,
    );
    assert.deepEqual([late.growth, late.isFlat], [0, false]);
  });

  it("allows as much as is allowed and no more, by share or by slack, whichever is more", () => {
    const grown = (start: number, more: number): boolean =>
      judgeTrend(
        series(100, (index) => start + (index < 70 ? 0 : more)),
        ALLOWANCE,
      ).isFlat;
    assert.deepEqual([grown(1000, 50), grown(1000, 51)], [true, false]);
    assert.deepEqual([grown(20, 10), grown(20, 11)], [true, false]);
  });

  it("calls nothing flat that was seen too seldom", () => {
    assert.equal(
      judgeTrend(
        series(LEAST_SAMPLES, () => 5),
        ALLOWANCE,
      ).isFlat,
      true,
    );
    assert.equal(
      judgeTrend(
        series(LEAST_SAMPLES - 1, () => 5),
        ALLOWANCE,
      ).isFlat,
      false,
    );
    assert.throws(() => judgeTrend([], ALLOWANCE), RangeError);
  });
});

describe("the judgment of an answer", () => {
  it("is right for what is deserved alone", () => {
    const cases = [
      [200, "accept", "right"],
      [401, "accept", "wrongly refused"],
      [503, "accept", "wrongly refused"],
      [0, "accept", "wrongly refused"],
      [401, "refuse", "right"],
      [200, "refuse", "wrongly accepted"],
      [503, "refuse", "wrong answer"],
      [0, "refuse", "wrong answer"],
      [401, "refuse or wait", "right"],
      [503, "refuse or wait", "right"],
      [200, "refuse or wait", "wrongly accepted"],
      [500, "refuse or wait", "wrong answer"],
    ] as const;
    for (const [status, deserved, judgment] of cases)
      assert.equal(
        judgeAnswer(status, { asked: deserved, answered: deserved }),
        judgment,
        `${status} ${deserved}`,
      );
  });

  it("judges nothing that changed on its way, unless nobody should get such an answer", () => {
    assert.equal(judgeAnswer(200, { asked: "accept", answered: "either" }), "not judged");
    assert.equal(judgeAnswer(401, { asked: "either", answered: "either" }), "not judged");
    assert.equal(judgeAnswer(500, { asked: "either", answered: "either" }), "wrong answer");
    assert.equal(judgeAnswer(0, { asked: "accept", answered: "either" }), "wrong answer");
  });
});
