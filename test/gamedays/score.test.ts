import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type GameDayScore, isFiring, scoreGameDay } from "./scenario.ts";
import { drawPicture, renderPage } from "./write-report.ts";

const DAY = { id: "F0", title: "Something breaks", targetAlertMs: 5000 };
const WELL = {
  detectMs: 1000,
  alertMs: 3000,
  healMs: 2000,
  wronglyRefused: 0,
  wronglyAccepted: 0,
  unexpectedAlerts: [],
  healedBy: "it is mended",
  asked: 100,
};

function missesOf(
  change: Partial<typeof WELL> | { readonly unexpectedAlerts: readonly string[] },
): GameDayScore {
  return scoreGameDay(DAY, { ...WELL, ...change });
}

describe("the score of a game day", () => {
  it("passes where every target is met", () => {
    const score = scoreGameDay(DAY, WELL);
    assert.deepEqual([score.passed, score.misses], [true, []]);
  });

  it("fails for each target that is missed, and says which", () => {
    const cases = [
      [{ alertMs: 5000 }, "told after 5000 ms, expected less than 5000"],
      [{ wronglyAccepted: 1 }, "1 bad tokens were accepted"],
      [{ wronglyRefused: 2 }, "2 good tokens were refused"],
      [{ unexpectedAlerts: ["A well-1"] }, "alerts that nothing explains: A well-1"],
      [{ asked: 0 }, "nothing was asked"],
    ] as const;
    for (const [change, miss] of cases) {
      const score = missesOf(change);
      assert.deepEqual([score.passed, score.misses], [false, [miss]]);
    }
  });

  it("counts an alert as firing until it is told resolved, for its own instance", () => {
    const told = (status: "firing" | "resolved", instance: string) => ({
      name: "A",
      status,
      instance,
      atMs: 1,
    });
    const alert = { name: "A", instance: "one" };
    assert.equal(isFiring([], alert), false);
    assert.equal(isFiring([told("firing", "two")], alert), false);
    assert.equal(isFiring([told("firing", "one")], alert), true);
    assert.equal(isFiring([told("firing", "one"), told("resolved", "one")], alert), false);
    assert.equal(isFiring([told("resolved", "one"), told("firing", "one")], alert), true);
  });
});

describe("the report of game days", () => {
  it("tells every figure and every miss in the page", () => {
    const page = renderPage([scoreGameDay(DAY, WELL), missesOf({ wronglyAccepted: 3 })]);
    assert.match(page, /\| F0 \| Something breaks \| 1\.0 s \| 3\.0 s \| 2\.0 s \| 0 \| 0 \| none \| yes \|/);
    assert.match(page, /\| 3 \| none \| 3 bad tokens were accepted \|/);
  });

  it("draws a row for each, and marks what failed", () => {
    const picture = drawPicture([scoreGameDay(DAY, WELL), missesOf({ asked: 0, detectMs: -1, alertMs: -1 })]);
    assert.equal(picture.match(/class="unseen"/g)?.length, 2);
    assert.match(picture, /F0 \(failed\)/);
    assert.doesNotMatch(picture, /NaN|width="-/);
  });
});
