import type { ProbeLog, ProbeOutcome, ProbeStep } from "../issuer/probe-step.ts";
import type { Terminal } from "../terminal.ts";
import { padCells, wrapText } from "./columns.ts";
import { renderMark } from "./marks.ts";
import type { Mark } from "./marks.ts";
import { escapeUnprintable } from "./printable.ts";
import { formatMilliseconds } from "./time-text.ts";

const MARKS: Readonly<Record<ProbeOutcome, Mark>> = {
  passed: "good",
  warning: "attention",
  failed: "bad",
  skipped: "skipped",
};

// The longest target with one space: "oauth-authorization-server".
const TARGET_WIDTH = 27;
const NAME_WIDTH = 9;

/** One line a step; what is to be done follows on lines of its own. */
export function renderProbeStep(step: ProbeStep, { paint, columns }: Terminal): string {
  const time = step.durationMs === undefined ? "" : paint("dim", `  ${formatMilliseconds(step.durationMs)}`);
  const head = `${renderMark(MARKS[step.outcome], paint)} ${paint("dim", padCells(step.target, TARGET_WIDTH))}`;
  const line = `${head}${padCells(step.name, NAME_WIDTH)} ${escapeUnprintable(step.detail)}${time}\n`;
  if (step.remedy === undefined) return line;
  const indent = "    ";
  const lines = wrapText(step.remedy, Math.max(40, columns - indent.length - 2));
  return line + lines.map((text, index) => `${indent}${paint("cyan", index === 0 ? "→" : " ")} ${text}\n`).join("");
}

export function renderProbeSummary(log: ProbeLog, { paint }: Terminal): string {
  const count = (outcome: ProbeOutcome): number => log.steps.filter((step) => step.outcome === outcome).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  const attention = warnings === 0 ? "" : `, ${warnings} ${warnings === 1 ? "needs" : "need"} attention`;
  if (failed === 0) return `\n${paint("green", "This issuer's tokens can be checked")} from here${attention}.\n`;
  return `\n${paint("red", `${failed} of ${log.steps.length} steps failed`)}${attention}.\n`;
}
