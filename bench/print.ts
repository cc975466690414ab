import type { CaseResult } from "./bench-row.ts";
import type { JudgedTarget } from "./judge-targets.ts";
import { compareRounds } from "./measure/race.ts";

const SUBJECT_COLUMNS = 34;

/** One line per subject: CPU, ratio with its spread, wall quantiles, bytes where they are what it is about. */
export function printCase({ suite, name, note, measurements }: CaseResult): void {
  console.log(`${suite}: ${name}${note === undefined ? "" : ` (${note})`}`);
  const base =
    measurements.find(({ subject }) => subject === "floor") ??
    measurements.find(({ subject }) => subject === "countersign");
  const several = new Set(measurements.map(({ runtime }) => runtime)).size > 1;
  for (const measured of measurements) {
    const label = several ? `${measured.subject}, ${measured.runtime}` : measured.subject;
    const cpu = formatMicros(measured.cpuMicrosPerOp).padStart(9);
    const ratio = base === undefined || base === measured ? "" : describeRatio(compareRounds(measured, base));
    const wall = `p50 ${formatMicros(measured.p50Micros)} p99 ${formatMicros(measured.p99Micros)}`;
    const rate = `${Math.round(measured.opsPerSecond).toLocaleString("en-US")}/s`;
    console.log(
      `  ${label.padEnd(SUBJECT_COLUMNS)}${cpu} µs  ${ratio.padEnd(24)}${rate.padStart(12)}  ${wall}`,
    );
  }
  console.log("");
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

export function formatMicros(micros: number): string {
  return micros >= 1000 ? micros.toFixed(0) : micros.toFixed(micros >= 100 ? 1 : 2);
}

function describeRatio(ratio: {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}): string {
  return `× ${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`;
}
