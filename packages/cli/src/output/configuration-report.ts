import type { ConfigurationFileReport } from "../check-configuration-file.ts";
import type { Terminal } from "../terminal.ts";
import { alignColumns } from "./columns.ts";
import type { Mark } from "./marks.ts";
import { renderMark } from "./marks.ts";
import { shorten } from "./printable.ts";
import { renderRemedy } from "./verdict-report.ts";

/** Where a report is shown, and what the file is called. */
export interface ReportContext {
  readonly terminal: Terminal;
  readonly file: string;
}

type Findings = ConfigurationFileReport["findings"];

/** One of these in an otherwise good file cannot be meant, unless the file says why; the other kinds may be. */
export function isMistake({ kind }: Findings[number]): boolean {
  return kind !== "opt_out" && kind !== "exposure";
}

const TITLES: Readonly<Record<Findings[number]["kind"], string>> = {
  bypass: "bypass",
  opt_out: "opt-out",
  exposure: "exposure",
  route: "route",
  permission: "permission",
  exception: "exception",
};

const MAX_VALUE = 300;

/** Problems alone where there are some; else findings, the route table and a conclusion. */
export function renderConfigurationReport(
  report: ConfigurationFileReport,
  { terminal, file }: ReportContext,
): string {
  const { paint } = terminal;
  if (report.problems.length > 0) return renderProblems(report, { terminal, file });
  const sections = [
    ...report.findings.map((finding) => renderFinding(finding, terminal)),
    ...report.accepted.map((finding) => renderAccepted(finding, terminal)),
    `${paint("bold", "Routes, as they are tried")}\n${renderRoutes(report, terminal)}\n`,
    renderConclusion(report, { terminal, file }),
  ];
  return `${sections.join("\n")}\n`;
}

interface Entry {
  readonly mark: Mark;
  readonly head: string;
  readonly text: string;
  readonly remedy: string;
}

function renderEntry({ mark, head, text, remedy }: Entry, terminal: Terminal): string {
  const { paint } = terminal;
  const lines = [
    `${renderMark(mark, paint)} ${head}`,
    `    ${shorten(text, MAX_VALUE)}`,
    ...renderRemedy(remedy, terminal),
  ];
  return `${lines.join("\n")}\n`;
}

function renderProblems({ problems }: ConfigurationFileReport, { terminal, file }: ReportContext): string {
  const { paint } = terminal;
  const entries = problems.map(({ path, problem, remedy }) =>
    renderEntry(
      { mark: "bad", head: paint("bold", path === "" ? file : path), text: problem, remedy },
      terminal,
    ),
  );
  const count = `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`;
  return `${entries.join("\n")}\n${paint("red", `${file} cannot be used: ${count}`)}\n`;
}

function renderFinding(finding: Findings[number], terminal: Terminal): string {
  const { path, kind, reason, remedy } = finding;
  const head = `${terminal.paint("bold", path)}  ${terminal.paint("yellow", TITLES[kind])}`;
  return renderEntry(
    { mark: isMistake(finding) ? "bad" : "attention", head, text: reason, remedy },
    terminal,
  );
}

function renderAccepted(finding: ConfigurationFileReport["accepted"][number], { paint }: Terminal): string {
  const { path, kind, reason, because } = finding;
  const head = `${renderMark("good", paint)} ${paint("bold", path)}  ${paint("dim", `${TITLES[kind]}, accepted`)}`;
  return `${head}\n    ${shorten(reason, MAX_VALUE)}\n    ${paint("dim", `because: ${shorten(because, MAX_VALUE)}`)}\n`;
}

type Row = ConfigurationFileReport["routes"][number];

/** What a request has to show, in a few words. */
function describeDemand({ allow, scopes, requires, shadow, preflight }: Row, { paint }: Terminal): string {
  const token = allow === "optional" ? "token or none" : "token";
  const asked = [scopes.join(" "), requires ? "requirements" : ""]
    .filter((part) => part !== "")
    .join(" and ");
  const demand = `${allow === "anonymous" ? paint("yellow", "anonymous") : token}${asked === "" ? "" : ` with ${asked}`}`;
  const notes = [shadow ? "in shadow" : "", preflight ? "preflights pass" : ""].filter((note) => note !== "");
  return [demand, ...notes.map((note) => paint("yellow", note))].join(", ");
}

function renderRoutes({ routes }: ConfigurationFileReport, terminal: Terminal): string {
  const { paint } = terminal;
  const rows = routes.map((row) => [
    paint("dim", `routes[${row.index}]`),
    row.methods === undefined ? "every method" : row.methods.join(" "),
    row.host === "*" ? "every host" : row.host,
    row.path,
    describeDemand(row, terminal) + (row.upstream === undefined ? "" : paint("dim", ` → ${row.upstream}`)),
    row.unreachable ? paint("red", "never matches") : "",
  ]);
  const last = ["", "everything else", "", "", paint("green", "refused")];
  return alignColumns([...rows, last]).join("\n");
}

function renderConclusion({ findings }: ConfigurationFileReport, { terminal, file }: ReportContext): string {
  const { paint } = terminal;
  const mistakes = findings.filter(isMistake).length;
  const others = findings.length - mistakes;
  const attention =
    others === 0
      ? ""
      : `; ${others} ${others === 1 ? "setting weakens" : "settings weaken"} safety on purpose`;
  if (mistakes === 0)
    return `${renderMark("good", paint)} ${paint("green", `${file} can be used`)}${attention}`;
  return `${renderMark("bad", paint)} ${paint("red", `${file}: ${mistakes} ${mistakes === 1 ? "mistake" : "mistakes"}`)}${attention}`;
}
