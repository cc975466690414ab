import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type BenchReport, formatReport } from "../report/bench-report.ts";
import { drawPicture } from "../report/draw-picture.ts";
import { RECORD_FOLDER } from "../report/write-files.ts";
import { writePage } from "../report/write-page.ts";

const read = (name: string): string => readFileSync(path.join(RECORD_FOLDER, name), "utf8");
const recorded = JSON.parse(read("benchmarks.generated.json")) as BenchReport;

test("the published page and picture say what the published rows say", () => {
  assert.equal(read("benchmarks.md"), writePage(recorded));
  assert.equal(read("benchmarks.svg"), drawPicture(recorded));
});

test("a report that was read again is written as it was", () => {
  assert.equal(formatReport(recorded), read("benchmarks.generated.json"));
});

test("a run of one suite gives a picture of what it has, and names of machines cannot break it", () => {
  const rows = recorded.rows.filter(({ suite }) => suite === "refuse");
  const picture = drawPicture({ ...recorded, rows, machine: '<"&>' });
  assert.match(picture, /A token refused: expired/);
  assert.doesNotMatch(picture, /A request forwarded/);
  assert.match(picture, /&lt;"&amp;&gt;/);
});
