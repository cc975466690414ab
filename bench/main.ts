/** `npm run bench`: ours beside the bare primitive and the peers, in one interleaved run. Nothing is asserted here. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type CaseResult, toRows } from "./bench-row.ts";
import { describeMachine, describeVersions } from "./describe-machine.ts";
import { judgeTargets } from "./judge-targets.ts";
import { printCase, printTargets } from "./print.ts";
import type { BenchReport } from "./report/bench-report.ts";
import { writePicture, writeRecord } from "./report/write-files.ts";
import { BUSY } from "./report/write-page.ts";
import type { BenchContext } from "./suites/suite.ts";
import { SUITES } from "./suites/suites.ts";
import { TokenFiles } from "./tokens/token-files.ts";

const USAGE = `Usage: npm run bench -- [--quick] [--json FILE] [--only SUITE[,SUITE]] [--record]
Suites: ${SUITES.map(({ name }) => name).join(", ")}. Without options all of them, in under ten minutes.
--record writes docs/reference/benchmarks.md from the run.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    record: { type: "boolean", default: false },
    only: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const wanted = values.only?.split(",") ?? SUITES.map(({ name }) => name);
const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
if (values.help || unknown.length > 0) {
  console.log(unknown.length > 0 ? `no suite named ${unknown.join(", ")}\n${USAGE}` : USAGE);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const startedMs = performance.now();
const folder = mkdtempSync(path.join(tmpdir(), "countersign-bench-"));
// Whatever ends the run, its servers end with it, and its files.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(code));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const skipped: string[] = [];
const context: BenchContext = {
  speed: values.quick ? "quick" : "full",
  tokens: new TokenFiles(folder),
  folder,
  skip(what, why) {
    skipped.push(`${what}: ${why}`);
    console.log(`SKIPPED ${what}: ${why}\n`);
  },
  fail(what, why) {
    skipped.push(`FAILED, ${what}: ${why}`);
    console.error(`FAILED ${what}: ${why}\n`);
    process.exitCode = 1;
  },
};
const results: CaseResult[] = [];
const [loadAverage = 0] = loadavg();
console.log(`${describeMachine()}\n${describeVersions()}`);
if (loadAverage > BUSY)
  console.log(
    `The machine is busy with other work (load average ${loadAverage.toFixed(1)}): read with care.`,
  );
console.log(
  "CPU microseconds an operation, medians of interleaved rounds; × is the ratio to the floor (of the same\nprogram, where it has one) in the same rounds, with what four rounds of five lie between.\n",
);
for (const suite of SUITES) {
  if (!wanted.includes(suite.name)) continue;
  console.log(`▌ ${suite.name}: ${suite.title}\n`);
  const beganMs = performance.now();
  try {
    for await (const result of suite.run(context)) {
      results.push(result);
      printCase(result);
    }
  } catch (error) {
    // The others are worth their minutes all the same.
    context.fail(`the rest of ${suite.name}`, error instanceof Error ? `${error.stack}` : String(error));
  }
  console.log(`  ${suite.name} took ${Math.round((performance.now() - beganMs) / 1000)} s\n`);
}
const targets = judgeTargets(results);
const rows = results.flatMap(toRows);
const seconds = Math.round((performance.now() - startedMs) / 1000);
const report: BenchReport = {
  date: new Date().toISOString().slice(0, 10),
  machine: describeMachine(),
  loadAverage,
  versions: describeVersions(),
  ...{ seconds, targets, skipped, rows },
};
printTargets(targets);
if (skipped.length > 0) console.log(`\nNot measured here:\n${skipped.map((line) => `  ${line}`).join("\n")}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
console.log(`\n${seconds} s in all; the picture is ${writePicture(report)}`);
if (values.record) writeRecord(report);
// A server that does not end must not keep the run from ending.
process.exit();
