import type { Conversion } from "../convert/convert-configuration.ts";
import type { ConversionEntry, ExpressionLevel } from "../convert/expression.ts";
import type { Terminal } from "../terminal.ts";
import type { Mark } from "./marks.ts";
import { renderMark } from "./marks.ts";

const MARKS: Readonly<Record<ExpressionLevel, Mark>> = {
  same: "good",
  stricter: "good",
  differs: "skipped",
  weaker: "attention",
  impossible: "bad",
};

const ORDER: readonly ExpressionLevel[] = ["impossible", "weaker", "stricter", "differs"];

/** What the other side cannot hold, worst first, and what to do. For standard error: the files are the output. */
export function renderConversionReport(
  { entries, unaccepted, needless, files }: Conversion,
  { terminal, target }: { readonly terminal: Terminal; readonly target: string },
): string {
  const paint = terminal.paintError;
  const lines = ORDER.flatMap((level) => groupEntries(entries, level)).map(
    ({ level, feature, text, paths }) =>
      `${renderMark(MARKS[level], paint)} ${paint("bold", feature)}  ${level}: ${text}${paths === "" ? "" : paint("dim", ` (${paths})`)}`,
  );
  const advice = [
    ...(unaccepted.length > 0
      ? [
          `${target} would let in what this configuration refuses. Where that is meant, name it:`,
          `    --accept-weaker ${unaccepted.join(",")}`,
        ]
      : []),
    ...(needless.length > 0 ? [`nothing becomes weaker by ${needless.join(", ")}: leave it out`] : []),
  ];
  const conclusion = files.length > 0 ? "converted" : "nothing was written";
  return `${[...lines, "", ...advice, conclusion].join("\n")}\n`;
}

interface EntryGroup extends Pick<ConversionEntry, "level" | "feature" | "text"> {
  readonly paths: string;
}

function groupEntries(entries: readonly ConversionEntry[], level: ExpressionLevel): readonly EntryGroup[] {
  const groups = new Map<string, EntryGroup>();
  for (const entry of entries) {
    if (entry.level !== level) continue;
    const key = `${entry.feature} ${entry.text}`;
    const paths = [groups.get(key)?.paths ?? "", entry.path].filter((path) => path !== "");
    groups.set(key, { ...entry, paths: paths.join(", ") });
  }
  return [...groups.values()];
}
