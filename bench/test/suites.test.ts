import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { type BenchRow, toRows } from "../bench-row.ts";
import { judgeTargets } from "../judge-targets.ts";
import type { BenchContext } from "../suites/suite.ts";
import { SUITES } from "../suites/suites.ts";
import { TokenFiles } from "../tokens/token-files.ts";

const folder = mkdtempSync(path.join(tmpdir(), "countersign-bench-test-"));
after(() => rmSync(folder, { recursive: true }));
const context: BenchContext = {
  speed: "tiny",
  tokens: new TokenFiles(folder),
  folder,
  skip() {},
  fail: (what, why) => assert.fail(`${what}: ${why}`),
};

for (const suite of SUITES) {
  test(`the suite "${suite.name}" gives rows of the promised shape, ours and the floor among them`, async () => {
    const rows: BenchRow[] = [];
    for await (const result of suite.run(context)) {
      assert.equal(result.suite, suite.name);
      rows.push(...toRows(result));
    }
    for (const row of rows) {
      assert.deepEqual(
        Object.keys(row).filter((key) => key !== "bytes"),
        [
          ...["suite", "case", "subject", "runtime"],
          ...["cpuMicrosPerOp", "opsPerSecond", "p50Micros", "p99Micros"],
        ],
      );
      for (const figure of [row.cpuMicrosPerOp, row.opsPerSecond, row.p50Micros, row.p99Micros])
        assert.ok(Number.isFinite(figure), JSON.stringify(row));
    }
    const subjects = new Set(rows.map(({ subject }) => subject));
    assert.ok(subjects.has("countersign") && subjects.has("floor"), [...subjects].join());
    const places = rows.map(({ case: name, subject, runtime }) => `${name}, ${subject}, ${runtime}`);
    assert.equal(new Set(places).size, places.length, "two rows of the same name");
  });
}

test("a target that was not measured is neither met nor missed", () => {
  for (const { isMet, measured } of judgeTargets([])) {
    assert.equal(isMet, undefined);
    assert.equal(measured, undefined);
  }
});
