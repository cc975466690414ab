/** What a soak found, whether it meets its target, and how it is told. No I/O here. */

import { alignColumns } from "../../../packages/cli/src/output/columns.ts";
import { renderMark } from "../../../packages/cli/src/output/marks.ts";
import type { Paint } from "../../../packages/cli/src/terminal.ts";
import { type Allowance, judgeTrend, LEAST_SAMPLES, type Trend } from "./judge.ts";
import { FIGURES, type FigureName, type ProcessSeries } from "./sampler.ts";
import { CLASSES } from "./tokens.ts";
import type { TrafficFigures } from "./traffic.ts";

const MIB = 1024 * 1024;

/** Resident memory moves with the allocator and the system; what is held after a collection hardly does. */
export const ALLOWANCES: Readonly<Record<FigureName, Allowance>> = Object.freeze({
  residentBytes: { share: 0.1, slack: 8 * MIB },
  heldBytes: { share: 0.05, slack: 1.5 * MIB },
  // Connections to the issuer come and go.
  descriptors: { share: 0, slack: 2 },
});

/** Each of these was given at least once, or its class was refused for another cause than the one that is meant. */
const EXPECTED_REASONS: readonly string[] = [
  "token_expired",
  "audience_mismatch",
  "signature_invalid",
  "key_unknown",
  "token_revoked",
];

export interface ProcessTrends extends Readonly<Record<FigureName, Trend>> {
  readonly name: string;
  readonly pid: number;
}

export interface SoakFindings {
  /** Of revocations: Redis, or SQLite where that is not installed. */
  readonly store: string;
  readonly measuredSeconds: number;
  readonly warmUpSeconds: number;
  readonly wantedPerSecond: number;
  readonly rotations: number;
  readonly revocations: number;
  readonly traffic: TrafficFigures;
  /** Of the sidecar's own metrics: how often each reason was given. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly processes: readonly ProcessTrends[];
}

export interface SoakReport extends SoakFindings {
  readonly misses: readonly string[];
}

export function judgeProcess({ name, pid, series }: ProcessSeries): ProcessTrends {
  const judge = (figure: FigureName): Trend => judgeTrend(series[figure], ALLOWANCES[figure]);
  return {
    name,
    pid,
    residentBytes: judge("residentBytes"),
    heldBytes: judge("heldBytes"),
    descriptors: judge("descriptors"),
  };
}

/** Counts reasons in the text of `/metrics`. */
export function countReasons(metrics: string): Readonly<Record<string, number>> {
  const reasons: Record<string, number> = {};
  for (const [, labels = "", value] of metrics.matchAll(/^countersign_validations_total\{(.*)\} (\d+)/gm)) {
    const reason = /(?:^|,)reason="([a-z_]+)"/.exec(labels)?.[1];
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + Number(value);
  }
  return reasons;
}

/** Why the target is missed; none where it is met. */
export function findMisses(findings: SoakFindings): readonly string[] {
  const { traffic, reasons, rotations, revocations, processes } = findings;
  const { wronglyAccepted, wronglyRefused, wrongAnswers, unanswered, mistakes, judged } = traffic;
  const wrong = [
    ...(wronglyAccepted === 0 ? [] : [`${wronglyAccepted} bad tokens were accepted`]),
    ...(wronglyRefused === 0 ? [] : [`${wronglyRefused} good tokens were refused`]),
    ...(wrongAnswers === 0 ? [] : [`${wrongAnswers} answers were neither 200, 401 nor an allowed 503`]),
    ...(unanswered === 0 ? [] : [`${unanswered} questions were not answered`]),
  ];
  return [
    ...wrong.map((miss) => (mistakes.length === 0 ? miss : `${miss}: ${mistakes.join("; ")}`)),
    ...CLASSES.filter((name) => judged[name] === 0).map((name) => `nothing was asked of the class "${name}"`),
    ...EXPECTED_REASONS.filter((reason) => !((reasons[reason] ?? 0) > 0)).map(
      (reason) => `nothing was refused as ${reason}`,
    ),
    ...(rotations > 0 ? [] : ["no key was turned"]),
    ...(revocations > 0 ? [] : ["nothing was revoked"]),
    ...(processes.length > 0 ? [] : ["no process was measured"]),
    ...processes.flatMap(findProcessMisses),
  ];
}

function findProcessMisses(trends: ProcessTrends): readonly string[] {
  return FIGURES.filter((figure) => !trends[figure].isFlat).map((figure) => {
    const { start, end, growth, allowed, samples } = trends[figure];
    const { title, show } = SHOWN[figure];
    if (samples < LEAST_SAMPLES)
      return `${trends.name}: ${title} was seen ${samples} times, expected ${LEAST_SAMPLES} or more`;
    const [from, to, slope, most] = [start, end, growth, allowed].map(show);
    return `${trends.name}: ${title} went from ${from} to ${to} (by its slope ${slope}), allowed is ${most} more`;
  });
}

const SHOWN: Readonly<Record<FigureName, { readonly title: string; show(value: number): string }>> = {
  residentBytes: { title: "resident memory", show: showBytes },
  heldBytes: { title: "memory held", show: showBytes },
  descriptors: { title: "open descriptors", show: (value) => String(Math.round(value * 10) / 10) },
};

function showBytes(value: number): string {
  return `${(value / MIB).toFixed(1)} MiB`;
}

/** For a terminal, less than 100 columns wide. */
export function renderReport(report: SoakReport, paint: Paint): string {
  const { traffic, processes, misses } = report;
  const head = ["", "process", ...FIGURES.map((figure) => SHOWN[figure].title)];
  const rows = processes.map((trends) => [
    renderMark(FIGURES.every((figure) => trends[figure].isFlat) ? "good" : "bad", paint),
    trends.name,
    ...FIGURES.map((figure) => renderTrend(figure, trends[figure])),
  ]);
  const wrong = traffic.wronglyAccepted + traffic.wronglyRefused + traffic.wrongAnswers + traffic.unanswered;
  const classes = CLASSES.map((name) => `${name} ${count(traffic.judged[name])}`);
  const changes = `${count(report.rotations)} turns of keys, ${count(report.revocations)} revocations in ${report.store}`;
  return [
    paint(
      "bold",
      `soak: ${Math.round(report.measuredSeconds)} s after ${Math.round(report.warmUpSeconds)} s of warm-up`,
    ),
    "",
    ...alignColumns([head.map((text) => paint("dim", text)), ...rows]),
    "",
    `  ${renderMark(wrong === 0 ? "good" : "bad", paint)} ${count(traffic.answers)} answers, ${traffic.perSecond} a second, ${count(wrong)} wrong`,
    `    ${classes.slice(0, 4).join(", ")},`,
    `    ${classes.slice(4).join(", ")}; ${count(traffic.notJudged)} not judged`,
    `    ${changes}`,
    "",
    ...misses.map((miss) => `  ${renderMark("bad", paint)} ${miss}`),
    ...(misses.length === 0 ? [`  ${renderMark("good", paint)} every target is met`] : []),
    "",
  ].join("\n");
}

function renderTrend(figure: FigureName, { start, end, ratio }: Trend): string {
  if (figure === "descriptors") return `${SHOWN[figure].show(start)} → ${SHOWN[figure].show(end)}`;
  return `${(start / MIB).toFixed(1)} → ${showBytes(end)} (× ${ratio.toFixed(3)})`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
