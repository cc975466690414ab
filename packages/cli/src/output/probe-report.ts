import type { ProbeLog, ProbeOutcome, ProbeStep } from "../issuer/probe-step.ts";
import type { Terminal } from "../terminal.ts";
import { padCells, wrapText } from "./columns.ts";
import type { Mark } from "./marks.ts";
import { renderMark } from "./marks.ts";
import { escapeUnprintable } from "./printable.ts";
import { formatMilliseconds } from "./time-text.ts";

const MARKS: Readonly<Record<ProbeOutcome, Mark>> = {
  passed: "good",
  warning: "attention",
  failed: "bad",
  skipped: "skipped",
};

const NAME_WIDTH = 8;

/** Renders steps one by one, with a heading wherever another thing is probed. */
export function createProbeRenderer({ paint, columns }: Terminal): (step: ProbeStep) => string {
  let targetBefore: string | undefined;
  return (step) => {
    const heading = step.target === targetBefore ? "" : `${paint("bold", step.target)}\n`;
    targetBefore = step.target;
    const time =
      step.durationMs === undefined ? "" : paint("dim", `  ${formatMilliseconds(step.durationMs)}`);
    const name = paint("dim", padCells(step.name, NAME_WIDTH));
    const line = `  ${renderMark(MARKS[step.outcome], paint)} ${name}  ${escapeUnprintable(step.detail)}${time}\n`;
    if (step.remedy === undefined) return heading + line;
    const remedy = wrapText(step.remedy, Math.max(40, columns - 18));
    const arrow = (index: number): string => paint("cyan", index === 0 ? "→" : " ");
    return heading + line + remedy.map((text, index) => `              ${arrow(index)} ${text}\n`).join("");
  };
}

/** The last line: whether this issuer can be used, and how many steps failed or need attention. */
export function renderProbeSummary(log: ProbeLog, { paint }: Terminal): string {
  const count = (outcome: ProbeOutcome): number =>
    log.steps.filter((step) => step.outcome === outcome).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  const attention =
    warnings === 0 ? "" : `; ${warnings} ${warnings === 1 ? "step needs" : "steps need"} attention`;
  if (failed === 0)
    return `\n${paint("green", "This issuer's tokens can be checked")} from here${attention}.\n`;
  return `\n${paint("red", `${failed} of ${log.steps.length} steps failed`)}${attention}.\n`;
}
