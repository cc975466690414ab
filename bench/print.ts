import type { CaseResult } from "./bench-row.ts";
import type { JudgedTarget } from "./judge-targets.ts";
import { compareRounds } from "./measure/race.ts";

const COLUMNS = 30;
const WIDE_COLUMNS = 50;

/** One line per subject: CPU, ratio with its spread, wall quantiles, memory of servers. */
export function printCase({ suite, name, note, bytesAre, measurements }: CaseResult): void {
  console.log(`${suite}: ${name}${note === undefined ? "" : ` (${note})`}`);
  const several = new Set(measurements.map(({ runtime }) => runtime)).size > 1;
  for (const measured of measurements) {
    const label = several ? `${measured.subject}, ${measured.runtime}` : measured.subject;
    const cpu = formatMicros(measured.cpuMicrosPerOp).padStart(9);
    const base = findBase(measured, measurements);
    const ratio = base === undefined ? "" : describeRatio(compareRounds(measured, base));
    const wall = `p50 ${formatMicros(measured.p50Micros)} p99 ${formatMicros(measured.p99Micros)}`;
    const rate = `${Math.round(measured.opsPerSecond).toLocaleString("en-US")}/s`;
    const memory = describeBytes(measured.bytes, bytesAre);
    const columns = several ? WIDE_COLUMNS : COLUMNS;
    console.log(
      `  ${label.padEnd(columns)}${cpu} µs  ${ratio.padEnd(24)}${rate.padStart(12)}  ${wall}${memory}`,
    );
  }
  console.log("");
}

function describeBytes(bytes: number | undefined, what: string | undefined): string {
  if (bytes === undefined || what === undefined) return "";
  const size = bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes)} B`;
  return `  ${size} ${what}`;
}

type Measured = CaseResult["measurements"][number];

/** The floor under a subject: of its own program, where that has one; ours, where there is none at all. */
function findBase(of: Measured, all: readonly Measured[]): Measured | undefined {
  const floors = all.filter(({ subject }) => subject === "floor");
  const base =
    floors.find(({ runtime }) => of.runtime.startsWith(runtime)) ??
    floors[0] ??
    all.find(({ subject }) => subject === "countersign");
  return base === of ? undefined : base;
}

export function printTargets(targets: readonly JudgedTarget[]): void {
  console.log("What was asked, and what was measured:\n");
  let unmeasured = 0;
  for (const { text, asked, measured, isMet } of targets) {
    if (measured === undefined) {
      unmeasured += 1;
      continue;
    }
    const verdict = isMet === true ? "met" : "NOT MET";
    const figure = measured.toFixed(2);
    console.log(`  ${text.padEnd(72)}${asked.padStart(10)}${figure.padStart(11)}  ${verdict}`);
  }
  if (unmeasured > 0) console.log(`  ${unmeasured} more were not measured in this run`);
}

function formatMicros(micros: number): string {
  return micros >= 1000 ? micros.toFixed(0) : micros.toFixed(micros >= 100 ? 1 : 2);
}

function describeRatio(ratio: {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}): string {
  return `× ${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`;
}
