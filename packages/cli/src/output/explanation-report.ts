import type { ExplainedStep, Explanation } from "countersign";
import { REMEDIES } from "countersign";
import type { Terminal } from "../terminal.ts";
import { padCells } from "./columns.ts";
import type { Mark } from "./marks.ts";
import { renderMark } from "./marks.ts";
import { shorten } from "./printable.ts";
import type { VerdictContext } from "./verdict-report.ts";
import { renderConclusion, renderRemedy } from "./verdict-report.ts";

const MARKS: Readonly<Record<ExplainedStep["outcome"], Mark>> = {
  passed: "good",
  failed: "bad",
  skipped: "skipped",
};

const MAX_VALUE = 200;

/** The walk of a token through every check, with the verdict last. */
export function renderExplanation(
  { steps, verdict, signatureVerified }: Explanation,
  context: VerdictContext,
): string {
  const { terminal } = context;
  const { paint } = terminal;
  const stageWidth = Math.max(0, ...steps.map(({ stage }) => stage.length));
  const nameWidth = Math.max(0, ...steps.map(({ name }) => name.length));
  const lines: string[] = [];
  let stageBefore = "";
  for (const step of steps) {
    const stage = paint("dim", padCells(step.stage === stageBefore ? "" : step.stage, stageWidth));
    stageBefore = step.stage;
    const name = padCells(step.name, nameWidth);
    const head = `${renderMark(MARKS[step.outcome], paint)} ${stage}  ${step.outcome === "skipped" ? paint("dim", name) : name}`;
    lines.push(`${head}  ${describeStep(step, terminal)}`.trimEnd());
    if (step.outcome === "failed") lines.push(...renderFailure(step, terminal));
  }
  const note = signatureVerified
    ? []
    : [paint("dim", "The signature is not verified, so values of claims are not shown."), ""];
  return [...lines, "", ...note, renderConclusion(verdict, context)].join("\n");
}

/** The rest of a step's line: the reason where it failed, else what was asked for or found. */
function describeStep({ outcome, reason, expected, found }: ExplainedStep, { paint }: Terminal): string {
  if (outcome === "failed") return paint("red", reason ?? "failed");
  return paint("dim", shorten(found ?? expected ?? "", MAX_VALUE));
}

function renderFailure({ reason, expected, found }: ExplainedStep, terminal: Terminal): string[] {
  const { paint } = terminal;
  const lines: string[] = [];
  if (expected !== undefined) lines.push(`    ${paint("dim", "expected")}  ${shorten(expected, MAX_VALUE)}`);
  if (found !== undefined) lines.push(`    ${paint("dim", "found")}     ${shorten(found, MAX_VALUE)}`);
  return reason === undefined ? lines : [...lines, ...renderRemedy(REMEDIES[reason], terminal)];
}
