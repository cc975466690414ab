import type { BenchCase } from "./cases.ts";
import { type Measurement, quantile } from "./race.ts";

/** What is said of a case above its lines. */
export type PrintableCase = Pick<BenchCase, "name" | "bytes"> & { readonly suite: string };

/** One line per subject: CPU, ratio with its spread, wall quantiles. */
export function printCase(benchCase: PrintableCase, results: readonly Measurement[]): void {
  console.log(`${benchCase.suite}: ${benchCase.name} (${benchCase.bytes} bytes)`);
  const base =
    results.find(({ subject }) => subject === "floor") ??
    results.find(({ subject }) => subject === "countersign");
  for (const result of results) {
    const ratio = base === undefined || base === result ? "" : describeRatio(result, base);
    const cpu = result.cpuMicrosPerOp.toFixed(2).padStart(9);
    const wall = `p50 ${result.p50Micros.toFixed(1)} p99 ${result.p99Micros.toFixed(1)}`;
    console.log(`  ${result.subject.padEnd(16)}${cpu} µs  ${ratio.padEnd(26)}${wall}`);
  }
  console.log("");
}

/** What the whole run says: how much everything but the primitive costs, and how ours compares. */
export function printSummary(
  cases: readonly { readonly name: string; readonly results: readonly Measurement[] }[],
): void {
  console.log("Everything but the primitive, ours (µs of CPU):");
  for (const { name, results } of cases) {
    const floor = results.find(({ subject }) => subject === "floor");
    const ours = results.find(({ subject }) => subject === "countersign");
    if (ours === undefined) continue;
    const own = ours.rounds.map((cpu, round) => cpu - (floor?.rounds[round] ?? 0));
    console.log(`  ${name.padEnd(24)}${quantile(own, 0.5).toFixed(2).padStart(8)}`);
  }
}

function describeRatio(result: Measurement, base: Measurement): string {
  const ratios = result.rounds.map((cpu, round) => cpu / (base.rounds[round] ?? Number.NaN));
  const spread = `${quantile(ratios, 0.1).toFixed(2)}–${quantile(ratios, 0.9).toFixed(2)}`;
  return `× ${quantile(ratios, 0.5).toFixed(2)} (${spread})`;
}
