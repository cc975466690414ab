import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeTrend } from "./judge.ts";
import {
  ALLOWANCES,
  countReasons,
  findMisses,
  judgeProcess,
  renderReport,
  type SoakFindings,
} from "./soak-report.ts";

const MIB = 1024 * 1024;

function points(valueAt: (index: number) => number): { atMs: number; value: number }[] {
  return Array.from({ length: 40 }, (_, index) => ({ atMs: index * 1000, value: valueAt(index) }));
}

const WELL: SoakFindings = {
  store: "Redis",
  measuredSeconds: 50,
  warmUpSeconds: 20,
  wantedPerSecond: 500,
  rotations: 3,
  revocations: 50,
  traffic: {
    answers: 25_000,
    perSecond: 500,
    judged: {
      valid: 10,
      expired: 10,
      "wrong audience": 10,
      tampered: 10,
      "random kid": 10,
      revoked: 10,
      "removed key": 10,
    },
    notJudged: 1,
    wronglyAccepted: 0,
    wronglyRefused: 0,
    wrongAnswers: 0,
    unanswered: 0,
    mistakes: [],
  },
  reasons: { token_expired: 1, audience_mismatch: 1, signature_invalid: 1, key_unknown: 1, token_revoked: 1 },
  processes: [
    judgeProcess({
      pid: 10,
      name: "worker 1",
      series: {
        residentBytes: points(() => 90 * MIB),
        heldBytes: points(() => 30 * MIB),
        descriptors: points((index) => 24 + (index % 2)),
      },
    }),
  ],
};

describe("the target of the soak", () => {
  it("is met where nothing grows and no answer is wrong", () => {
    assert.deepEqual(findMisses(WELL), []);
  });

  it("is missed for each wrong answer, and says what was answered", () => {
    for (const [figure, miss] of [
      ["wronglyAccepted", "1 bad tokens were accepted"],
      ["wronglyRefused", "1 good tokens were refused"],
      ["wrongAnswers", "1 answers were neither 200, 401 nor an allowed 503"],
      ["unanswered", "1 questions were not answered"],
    ] as const) {
      const traffic = { ...WELL.traffic, [figure]: 1, mistakes: ["expired (refuse): 200"] };
      assert.deepEqual(findMisses({ ...WELL, traffic }), [`${miss}: expired (refuse): 200`]);
    }
  });

  it("is missed where a part of the soak did not happen", () => {
    const judged = { ...WELL.traffic.judged, revoked: 0 };
    assert.deepEqual(findMisses({ ...WELL, traffic: { ...WELL.traffic, judged } }), [
      'nothing was asked of the class "revoked"',
    ]);
    assert.deepEqual(findMisses({ ...WELL, reasons: { ...WELL.reasons, token_revoked: 0 } }), [
      "nothing was refused as token_revoked",
    ]);
    assert.deepEqual(findMisses({ ...WELL, rotations: 0 }), ["no key was turned"]);
    assert.deepEqual(findMisses({ ...WELL, revocations: 0 }), ["nothing was revoked"]);
    assert.deepEqual(findMisses({ ...WELL, processes: [] }), ["no process was measured"]);
  });

  it("is missed for each figure that grows, in its own unit", () => {
    const [process] = WELL.processes;
    assert.ok(process !== undefined);
    const grows = (figure: keyof typeof ALLOWANCES, valueAt: (index: number) => number): readonly string[] =>
      findMisses({
        ...WELL,
        processes: [{ ...process, [figure]: judgeTrend(points(valueAt), ALLOWANCES[figure]) }],
      });
    assert.match(
      grows("heldBytes", (index) => (30 + index * 0.1) * MIB).join(),
      /^worker 1: memory held went from 30\.4 MiB to 33\.5 MiB \(by its slope 3\.9 MiB\), allowed is 1\.5 MiB more$/,
    );
    assert.match(
      grows("residentBytes", (index) => (90 + index) * MIB).join(),
      /^worker 1: resident memory went/,
    );
    assert.match(
      grows("descriptors", (index) => 24 + Math.floor(index / 10)).join(),
      /^worker 1: open descriptors went from 24 to 27 /,
    );
  });

  it("is missed where a process was seen too seldom", () => {
    const [process] = WELL.processes;
    assert.ok(process !== undefined);
    const heldBytes = judgeTrend(points(() => MIB).slice(0, 5), ALLOWANCES.heldBytes);
    assert.deepEqual(findMisses({ ...WELL, processes: [{ ...process, heldBytes }] }), [
      "worker 1: memory held was seen 5 times, expected 20 or more",
    ]);
  });
});

describe("the report of the soak", () => {
  it("adds up reasons over issuers, and takes no other metric", () => {
    const metrics = `# TYPE countersign_validations_total counter
countersign_validations_total{issuer="soak",reason="token_expired",fault="client"} 3
countersign_validations_total{issuer="_untrusted",reason="token_expired",fault="client"} 4
countersign_shadow_decisions_total{policy="x",would="deny",reason="token_revoked"} 9
`;
    assert.deepEqual(countReasons(metrics), { token_expired: 7 });
  });

  it("fits a terminal and says how it ended", () => {
    const plain = (_: unknown, text: string): string => text;
    const good = renderReport({ ...WELL, misses: [] }, plain);
    assert.match(good, /✓ {2}worker 1 {2}90\.0 → 90\.0 MiB \(× 1\.000\) {2}30\.0 → 30\.0 MiB/);
    assert.match(good, /✓ 25,000 answers, 500 a second, 0 wrong/);
    assert.match(good, /✓ every target is met/);
    assert.ok(Math.max(...good.split("\n").map((line) => line.length)) < 100);
    const bad = renderReport({ ...WELL, misses: ["no key was turned"] }, plain);
    assert.match(bad, /✗ no key was turned/);
    assert.doesNotMatch(bad, /every target is met/);
  });
});
