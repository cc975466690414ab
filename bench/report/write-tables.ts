/** The tables of the page of benchmarks, in Markdown. */

import type { BenchRow } from "../bench-row.ts";
import type { JudgedTarget } from "../judge-targets.ts";
import { findFloor } from "./bench-report.ts";

export function writeTargets(targets: readonly JudgedTarget[]): string {
  const rows = targets.map(({ text, asked, measured, isMet }) => {
    const verdict = isMet === undefined ? "not measured" : isMet ? "met" : "**not met**";
    return [text, asked, measured === undefined ? "" : formatFigure(measured), verdict];
  });
  return writeTable(["", "asked", "measured", ""], rows);
}

/** Cases down, subjects across; CPU microseconds. */
export function writeMatrix(rows: readonly BenchRow[]): string {
  const subjects = [...new Set(rows.map(({ subject }) => subject))];
  const lines = [...new Set(rows.map((row) => row.case))].map((name) => [
    name,
    ...subjects.map((subject) => {
      const row = rows.find((each) => each.case === name && each.subject === subject);
      return row === undefined ? "" : formatFigure(row.cpuMicrosPerOp);
    }),
  ]);
  return writeTable(["CPU µs", ...subjects], lines);
}

/** One server a line, cheapest first. */
export function writeServers(rows: readonly BenchRow[]): string {
  const lines = rows
    .toSorted((left, right) => left.cpuMicrosPerOp - right.cpuMicrosPerOp)
    .map((row) => {
      const floor = findFloor(rows, row)?.cpuMicrosPerOp;
      return [
        row.subject === "floor" ? "(answers without judging)" : row.subject,
        row.runtime,
        formatFigure(row.cpuMicrosPerOp),
        floor === undefined ? "" : `× ${(row.cpuMicrosPerOp / floor).toFixed(2)}`,
        Math.round(row.opsPerSecond).toLocaleString("en-US"),
        formatMillis(row.p50Micros),
        formatMillis(row.p99Micros),
        row.bytes === undefined ? "" : (row.bytes / 1e6).toFixed(0),
      ];
    });
  return writeTable(["", "program", "CPU µs", "over its floor", "a second", "p50 ms", "p99 ms", "MB"], lines);
}

/** One case a line, of one subject. */
export function writeCases(rows: readonly BenchRow[]): string {
  const lines = rows.map(({ case: name, cpuMicrosPerOp, p99Micros, opsPerSecond }) => {
    const rate = Math.round(opsPerSecond).toLocaleString("en-US");
    return [name, formatFigure(cpuMicrosPerOp), formatFigure(p99Micros), rate];
  });
  return writeTable(["", "CPU µs", "p99 µs", "a second"], lines);
}

/** Every row with its bytes. */
export function writeBytes(rows: readonly BenchRow[], unit: string): string {
  const lines = rows.map(({ case: name, subject, cpuMicrosPerOp, bytes }) => {
    return [
      name,
      subject,
      formatFigure(cpuMicrosPerOp),
      bytes === undefined ? "" : Math.round(bytes).toLocaleString("en-US"),
    ];
  });
  return writeTable(["", "", "CPU µs", unit], lines);
}

function writeTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Three digits, or as many as there are before the point. */
function formatFigure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

function formatMillis(micros: number): string {
  return formatFigure(micros / 1000);
}
