import type { DecisionEvent } from "@countersign/server";
import type { Style, Terminal } from "../terminal.ts";
import { padCells } from "./columns.ts";
import { shorten } from "./printable.ts";

const REASON_WIDTH = 19;
const SUBJECT_WIDTH = 12;
/** What a line takes besides its path, in cells. */
const FIXED_WIDTH = 64;
const MIN_PATH_WIDTH = 12;
const MAX_PATH_WIDTH = 40;
/** Where paths begin. */
const SHADOW_INDENT = 19;
const MAX_POLICY_WIDTH = 40;

const STYLES: Readonly<Record<DecisionEvent["outcome"], Style>> = {
  allowed: "green",
  refused: "red",
  failed: "magenta",
};

function choosePathWidth({ columns }: Terminal): number {
  return Math.max(MIN_PATH_WIDTH, Math.min(MAX_PATH_WIDTH, columns - FIXED_WIDTH));
}

/** The headings above decision lines. */
export function renderDecisionHeadings(terminal: Terminal): string {
  const cells = [
    "TIME    ",
    "METHOD ",
    padCells("PATH", choosePathWidth(terminal)),
    "   ",
    padCells("REASON", REASON_WIDTH),
  ];
  return terminal.paint("dim", `  ${cells.join(" ")} ${padCells("SUBJECT", SUBJECT_WIDTH)}    TOOK`);
}

/** One decision on one line: time, method, path, status, reason, subject, and how long it took; below it what shadows would have done. */
export function renderDecision(event: DecisionEvent, terminal: Terminal): string {
  const { paint } = terminal;
  const pathWidth = choosePathWidth(terminal);
  const style = STYLES[event.outcome];
  const cells = [
    paint("dim", formatClock(event.time)),
    padCells(shorten(event.method, 7), 7),
    padCells(shorten(event.path, pathWidth), pathWidth),
    paint(style, String(event.status)),
    padCells(paint(style, event.reason), REASON_WIDTH),
    padCells(
      event.subject === undefined ? paint("dim", "–") : shorten(event.subject, SUBJECT_WIDTH),
      SUBJECT_WIDTH,
    ),
    paint("dim", formatDuration(event.durationMs).padStart(7)),
  ];
  return [`  ${cells.join(" ")}`, ...renderShadow(event, terminal)].join("\n");
}

type Shadow = NonNullable<DecisionEvent["shadow"]>[number];

const WOULD: Readonly<Record<Shadow["would"], string>> = {
  allowed: "would pass",
  refused: "would be refused",
  failed: "could not be judged",
};

/** What was watched and not enforced, a line each, below the path; the ones that change nothing share one. */
function renderShadow({ shadow = [] }: DecisionEvent, { paint }: Terminal): readonly string[] {
  if (shadow.length === 0) return [];
  const met = shadow.filter(({ would }) => would === "allowed").map(({ policy }) => policy);
  const lines = shadow
    .filter(({ would }) => would !== "allowed")
    .map(({ policy, would, reason }) => {
      const told = paint(STYLES[would], `${WOULD[would]}: ${reason}`);
      return `${paint("dim", shorten(policy, MAX_POLICY_WIDTH))} ${told}`;
    });
  if (met.length > 0)
    lines.push(paint("dim", `${shorten(met.join(", "), MAX_POLICY_WIDTH)} ${WOULD.allowed}`));
  return lines.map((line) => `${" ".repeat(SHADOW_INDENT)}${paint("dim", "shadow")} ${line}`);
}

function formatClock(milliseconds: number): string {
  const time = new Date(milliseconds);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

function formatDuration(milliseconds: number): string {
  return milliseconds < 10 ? `${Math.round(milliseconds * 1000)} µs` : `${Math.round(milliseconds)} ms`;
}
