/** What the project asks of itself, as one table, and how a run stands to it. Nothing fails for it. */

import type { CaseResult } from "./bench-row.ts";
import { median } from "./measure/quantile.ts";
import { compareRounds, type Measurement } from "./measure/race.ts";
import type { Figure, FigurePlace } from "./target.ts";
import { TARGETS } from "./target-table.ts";

export interface JudgedTarget {
  readonly text: string;
  /** "≤ 10" or "≥ 3". */
  readonly asked: string;
  /** Undefined where this run did not measure it. */
  readonly measured: number | undefined;
  readonly isMet: boolean | undefined;
}

type Measured = CaseResult["measurements"][number];

export function judgeTargets(results: readonly CaseResult[]): readonly JudgedTarget[] {
  return TARGETS.map(({ text, figure, atMost, atLeast }) => {
    const figured = readFigure(figure, results);
    // As it is printed: a hundredth is less than any run can tell.
    const measured = figured === undefined ? undefined : Math.round(figured * 100) / 100;
    const isMet =
      measured === undefined
        ? undefined
        : measured <= (atMost ?? Number.POSITIVE_INFINITY) &&
          measured >= (atLeast ?? Number.NEGATIVE_INFINITY);
    return { text, asked: atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`, measured, isMet };
  });
}

function readFigure(figure: Figure, results: readonly CaseResult[]): number | undefined {
  const of = find(figure.of, results);
  if (of === undefined) return undefined;
  if (figure.kind === "micros") return of.cpuMicrosPerOp;
  if (figure.kind === "bytes") return of.bytes;
  const to = find(figure.to, results);
  if (to === undefined) return undefined;
  if (figure.kind === "rate ratio") return of.opsPerSecond / to.opsPerSecond;
  if (figure.kind === "p99 difference") return (of.p99Micros - to.p99Micros) / 1000;
  if (figure.kind === "bytes ratio")
    return of.bytes === undefined || to.bytes === undefined ? undefined : of.bytes / to.bytes;
  const isPaired = figure.of.suite === figure.to.suite && figure.of.case === figure.to.case;
  if (figure.kind === "difference")
    return isPaired ? median(subtractRounds(of, to)) : of.cpuMicrosPerOp - to.cpuMicrosPerOp;
  return isPaired ? compareRounds(of, to).median : of.cpuMicrosPerOp / to.cpuMicrosPerOp;
}

function subtractRounds(of: Measurement, to: Measurement): readonly number[] {
  return of.rounds.map((cpu, round) => cpu - (to.rounds[round] ?? Number.NaN));
}

function find(place: FigurePlace, results: readonly CaseResult[]): Measured | undefined {
  return results
    .find(({ suite, name }) => suite === place.suite && nameAnySize(name) === nameAnySize(place.case))
    ?.measurements.find(
      ({ subject, runtime }) => subject === place.subject && runtime.startsWith(place.runtime ?? ""),
    );
}

/** A quick run measures the same with fewer tokens, and says how many. */
function nameAnySize(name: string): string {
  return name.replace(/\b\d{4,}\b/, "N");
}
