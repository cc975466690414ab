/** `npm run bench`: ours beside the bare primitive and the peers, in one interleaved run. Nothing is asserted here. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type CaseResult, toRows } from "./bench-row.ts";
import { describeMachine, describeVersions } from "./describe-machine.ts";
import { judgeTargets } from "./judge-targets.ts";
import { printCase, printTargets } from "./print.ts";
import type { BenchContext } from "./suites/suite.ts";
import { SUITES } from "./suites/suites.ts";
import { TokenFiles } from "./tokens/token-files.ts";

const USAGE = `Usage: npm run bench -- [--quick] [--json FILE] [--only SUITE[,SUITE]]
Suites: ${SUITES.map(({ name }) => name).join(", ")}. Without options all of them, in under ten minutes.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
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
console.log(`${describeMachine()}\n${describeVersions()}`);
console.log(
  "CPU microseconds an operation, medians of interleaved rounds; × is the ratio to the floor (of the same\nprogram, where it has one) in the same rounds, with what four rounds of five lie between.\n",
);
try {
  for (const suite of SUITES) {
    if (!wanted.includes(suite.name)) continue;
    console.log(`▌ ${suite.name}: ${suite.title}\n`);
    try {
      for await (const result of suite.run(context)) {
        results.push(result);
        printCase(result);
      }
    } catch (error) {
      // The others are worth their minutes all the same.
      context.fail(`the rest of ${suite.name}`, error instanceof Error ? `${error.stack}` : String(error));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
printTargets(judgeTargets(results));
if (skipped.length > 0) console.log(`\nNot measured here:\n${skipped.map((line) => `  ${line}`).join("\n")}`);
console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(0)} s in all`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify(results.flatMap(toRows), null, 2)}\n`);
