import type { ChainProblem, ChainReport } from "@countersign/server";

import type { Terminal } from "../terminal.ts";
import { renderMark } from "./marks.ts";
import { escapeUnprintable } from "./printable.ts";

const TITLES: Readonly<Record<ChainProblem["kind"], string>> = {
  edited: "changed",
  missing: "cut out",
  moved: "out of order",
  rewritten: "rewritten",
  unclosed: "without its end",
  missing_file: "a file is missing",
  other_key: "signed with another key",
  anchor: "not what was seen before",
};

/** Most problems that are printed. */
const MAX_PRINTED = 50;

/** Renders problems, notes, and the conclusion with the anchor for the next time. */
export function renderAuditReport(
  { problems, notes, lines, events, end }: ChainReport,
  { terminal: { paint }, files }: { readonly terminal: Terminal; readonly files: number },
): string {
  const told = problems.slice(0, MAX_PRINTED).map((problem) => {
    const { file, line, fromLine, kind, detail } = problem;
    const place = fromLine < line ? `${fromLine}-${line}` : String(line);
    const head = `${renderMark("bad", paint)} ${paint("bold", `${escapeUnprintable(file)}:${place}`)}  ${paint("red", TITLES[kind])}`;
    return `${head}\n    ${detail}\n`;
  });
  if (problems.length > MAX_PRINTED) told.push(`    and ${problems.length - MAX_PRINTED} more\n`);
  const noted = notes.map(
    ({ file, detail }) => `${renderMark("attention", paint)} ${escapeUnprintable(file)}: ${detail}\n`,
  );
  const count = `${files} ${files === 1 ? "file" : "files"}, ${lines} lines, ${events} events`;
  const conclusion =
    problems.length === 0
      ? `${renderMark("good", paint)} ${paint("green", "the trail is whole")}: ${count}\n`
      : `${renderMark("bad", paint)} ${paint("red", "the trail was changed")}: ${count}\n`;
  const anchor =
    end === undefined || problems.length > 0
      ? ""
      : `  ${paint("dim", `anchor ${end.sequence}:${end.hash}`)}\n`;
  return [...told, ...noted, conclusion, anchor].join("");
}
