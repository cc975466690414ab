import type { DoctorFinding, DoctorLog } from "../doctor/doctor-log.ts";
import type { ProbeOutcome } from "../issuer/probe-step.ts";
import type { Terminal } from "../terminal.ts";
import { padCells, wrapText } from "./columns.ts";
import type { Mark } from "./marks.ts";
import { renderMark } from "./marks.ts";
import { escapeUnprintable, redactTokens } from "./printable.ts";

const MARKS: Readonly<Record<ProbeOutcome, Mark>> = {
  passed: "good",
  warning: "attention",
  failed: "bad",
  skipped: "skipped",
};
const NAME_WIDTH = 14;

/** Renders findings one by one, with a heading wherever another group begins. */
export function createDoctorRenderer({ paint, columns }: Terminal): (finding: DoctorFinding) => string {
  let groupBefore: string | undefined;
  return ({ check, outcome, subject, detail, remedy }) => {
    const [group = "", name = ""] = check.split(".");
    const heading =
      group === groupBefore ? "" : `${groupBefore === undefined ? "" : "\n"}${paint("bold", group)}\n`;
    groupBefore = group;
    const about = subject === undefined ? "" : `${paint("bold", escapeUnprintable(subject))}: `;
    const text = redactTokens(escapeUnprintable(detail));
    const line = `  ${renderMark(MARKS[outcome], paint)} ${padCells(name, NAME_WIDTH)}  ${about}${text}\n`;
    if (remedy === undefined) return heading + line;
    const indent = " ".repeat(NAME_WIDTH + 6);
    const lines = wrapText(remedy, Math.max(40, columns - indent.length - 2));
    const arrow = (index: number): string => paint("cyan", index === 0 ? "→" : " ");
    return heading + line + lines.map((each, index) => `${indent}${arrow(index)} ${each}\n`).join("");
  };
}

/** The last line: whether this is ready for the stage, and how the checks ended. */
export function renderDoctorSummary(
  log: DoctorLog,
  { paint, file }: Pick<Terminal, "paint"> & { readonly file: string },
): string {
  const counts = (["failed", "warning", "passed", "skipped"] as const)
    .map((outcome) => [log.count(outcome), outcome === "warning" ? "to look at" : outcome] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  const isReady = log.count("failed") === 0;
  const verdict = isReady
    ? paint("green", `ready for ${log.stage}`)
    : paint("red", `not ready for ${log.stage}`);
  return `\n${file} is ${verdict}: ${counts.join(", ")}\n`;
}
