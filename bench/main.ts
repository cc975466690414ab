/** `npm run bench`: ours beside the bare primitive and the peers, in one interleaved run. Nothing is asserted here. */

import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { createCases } from "./cases.ts";
import { raceExtAuthz } from "./ext-authz.ts";
import { raceHttp } from "./http.ts";
import { printCase, printSummary } from "./print.ts";
import { type Measurement, race } from "./race.ts";

const USAGE = "Usage: npm run bench -- [--quick] [--json FILE] [--only TEXT]";

/** Over a network each slot must be longer to be steady. */
const SERVER_RACE = {
  quick: { rounds: 3, slotMs: 250 },
  full: { rounds: 9, slotMs: 700 },
} as const;

/** One row of the JSON form. */
export interface BenchRow {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  readonly runtime: string;
  readonly cpuMicrosPerOp: number;
  readonly opsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly bytes: number;
}

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}

const runtime = `node ${process.versions.node}`;
console.log(
  `${runtime}, OpenSSL ${process.versions.openssl}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
);
console.log(
  `${readVersions()}\nCPU microseconds per operation, medians of interleaved rounds; × is the ratio to the floor, or to ours.\n`,
);

const speed = values.quick ? "quick" : "full";
const rows: BenchRow[] = [];
const cases = createCases({ quick: values.quick, tokenCount: values.quick ? 500 : 2000 });
const measured: { readonly name: string; readonly results: readonly Measurement[] }[] = [];
for (const benchCase of cases) {
  if (values.only !== undefined && !`${benchCase.suite} ${benchCase.name}`.includes(values.only)) continue;
  const results = await race(
    benchCase.contenders,
    values.quick ? { rounds: 5, slotMs: 60 } : { rounds: 11, slotMs: 120 },
  );
  printCase(benchCase, results);
  measured.push({ name: `${benchCase.suite} ${benchCase.name}`, results });
  for (const { rounds: _, ...figures } of results) {
    rows.push({ suite: benchCase.suite, case: benchCase.name, runtime, ...figures, bytes: benchCase.bytes });
  }
}
const isWanted = (suite: string): boolean => values.only === undefined || suite.includes(values.only);
for (const { benchCase, results } of [
  ...(isWanted("ext-authz") ? await raceExtAuthz(SERVER_RACE[speed]) : []),
  ...(isWanted("decision") || isWanted("proxy") ? await raceHttp(SERVER_RACE[speed]) : []),
]) {
  const { suite, name, bytes } = benchCase;
  printCase(benchCase, results);
  for (const { rounds: _, ...figures } of results)
    rows.push({ suite, case: name, runtime, ...figures, bytes });
}
printSummary(measured);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);

function readVersions(): string {
  const manifest = new URL("./package.json", import.meta.url);
  const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}
