/**
 * The list of revocations at 10 thousand, 1 million and 10 million entries: memory, and the longest step while it is
 * loaded and cleared out. Look-ups are in the benchmark (`npm run bench -- --only revocation`). `node --conditions=@countersign/source bench/revocation-list.ts [--quick] [--json FILE]`
 *
 * Steps are timed in blocks, and a block in which the system took the processor away does not count: what else the
 * machine does is no pause of ours. Garbage collection is.
 */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { MemoryRevocationList } from "countersign";
import type { BenchRow } from "./bench-row.ts";
import { revokeToken } from "./in-process/revoked-tokens.ts";

const SIZES = { full: [10_000, 1_000_000, 10_000_000], quick: [10_000, 100_000] } as const;
const EXPIRES_MS = Date.now() + 3_600_000;

interface Case {
  readonly name: string;
  readonly size: number;
  readonly microsPerOp: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly longestMicros: number;
  readonly bytes?: number;
}

/** Steps of which a block is made: together much shorter than what the system gives a process at a time. */
const BLOCK = 128;
const LONG_BLOCK_MICROS = 1000;

function measure(name: string, size: number, steps: Iterable<() => number>): Case {
  const perOp: number[] = [];
  let spent = 0;
  let operations = 0;
  let longestMicros = 0;
  let block: { readonly micros: number; readonly count: number }[] = [];
  let blockMicros = 0;
  let switches = process.resourceUsage().involuntaryContextSwitches;
  const close = (): void => {
    const now = process.resourceUsage().involuntaryContextSwitches;
    for (const { micros, count } of now === switches ? block : []) {
      spent += micros;
      operations += count;
      longestMicros = Math.max(longestMicros, micros);
      if (perOp.length < 200_000 && count > 0) perOp.push(micros / count);
    }
    switches = now;
    block = [];
    blockMicros = 0;
  };
  for (const step of steps) {
    const started = performance.now();
    const count = step();
    const micros = (performance.now() - started) * 1000;
    block.push({ micros, count });
    blockMicros += micros;
    if (block.length === BLOCK || blockMicros > LONG_BLOCK_MICROS) close();
  }
  close();
  perOp.sort((left, right) => left - right);
  const quantile = (share: number): number => perOp[Math.floor((perOp.length - 1) * share)] ?? 0;
  const microsPerOp = spent / Math.max(1, operations);
  return { name, size, microsPerOp, p50Micros: quantile(0.5), p99Micros: quantile(0.99), longestMicros };
}

function* load(list: MemoryRevocationList, size: number): Iterable<() => number> {
  for (let index = 0; index < size; index++) {
    // Half of them expire a minute earlier.
    const expiresAtMs = EXPIRES_MS - (index % 2) * 60_000;
    yield () => {
      revokeToken(list, index, expiresAtMs);
      return 1;
    };
  }
}

function* clearOut(list: MemoryRevocationList, until: number): Iterable<() => number> {
  while (list.size > until) yield () => list.clearOut();
}

function measureSize(size: number): readonly Case[] {
  const clock = { ms: EXPIRES_MS - 3_600_000 };
  const list = new MemoryRevocationList({ clock: () => clock.ms });
  const before = process.memoryUsage();
  const loaded = measure("load", size, load(list, size));
  const after = process.memoryUsage();
  const grown = after.arrayBuffers - before.arrayBuffers;
  const cases: Case[] = [{ ...loaded, bytes: list.bytes }];
  console.log(
    `${size} entries: ${(list.bytes / size).toFixed(1)} bytes each in use, ${(grown / size).toFixed(1)} allocated`,
  );
  clock.ms = EXPIRES_MS - 30_000;
  cases.push(measure("clear out half", size, clearOut(list, size / 2)));
  return cases;
}

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
});
const cases: Case[] = [];
// Compiles what is measured before anything counts.
for (let warm = 0; warm < 3; warm++) measureSize(50_000);
for (const size of SIZES[values.quick ? "quick" : "full"]) {
  const measured = measureSize(size);
  cases.push(...measured);
  for (const { name, microsPerOp, p50Micros, p99Micros, longestMicros } of measured) {
    const times = [microsPerOp, p50Micros, p99Micros].map((micros) =>
      `${Math.round(micros * 1000)} ns`.padStart(10),
    );
    const longest = `${(longestMicros / 1000).toFixed(2)} ms`;
    console.log(
      `  ${name.padEnd(22)} mean ${times[0]}  p50 ${times[1]}  p99 ${times[2]}  longest step ${longest}`,
    );
  }
}
if (values.json !== undefined) {
  const rows: readonly BenchRow[] = cases.map(({ name, size, microsPerOp, p50Micros, p99Micros, bytes }) => ({
    suite: "revocation",
    case: `${name}, ${size} entries`,
    subject: "countersign",
    runtime: `node ${process.versions.node}`,
    cpuMicrosPerOp: microsPerOp,
    opsPerSecond: 1_000_000 / microsPerOp,
    p50Micros,
    p99Micros,
    ...(bytes === undefined ? {} : { bytes }),
  }));
  writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
}
