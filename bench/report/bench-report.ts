/** A run as it is kept: what was measured, on what, and how it stands to what was asked. */

import type { BenchRow } from "../bench-row.ts";
import type { JudgedTarget } from "../judge-targets.ts";

export interface BenchReport {
  /** Day of the run, as in ISO 8601. */
  readonly date: string;
  readonly machine: string;
  /** Of the minute before the run: what is more than nothing was somebody else's work. */
  readonly loadAverage: number;
  /** Packages that were measured, as they are pinned. */
  readonly versions: string;
  readonly seconds: number;
  readonly targets: readonly JudgedTarget[];
  /** What was not measured, and why. */
  readonly skipped: readonly string[];
  readonly rows: readonly BenchRow[];
}

/** One row a line, and no more digits than mean anything, so that a person can read a difference between two runs. */
export function formatReport({ rows, ...rest }: BenchReport): string {
  const head = JSON.stringify(rest, null, 2).slice(0, -2);
  const lines = rows.map((row) => `    ${JSON.stringify(row, roundFigure)}`);
  return `${head},\n  "rows": [\n${lines.join(",\n")}\n  ]\n}\n`;
}

function roundFigure(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}

/** The figures of one subject in one case. */
export function findRow(
  rows: readonly BenchRow[],
  place: {
    readonly suite: string;
    readonly case: string;
    readonly subject: string;
    readonly runtime?: string;
  },
): BenchRow | undefined {
  return rows.find(
    (row) =>
      row.suite === place.suite &&
      row.case === place.case &&
      row.subject === place.subject &&
      row.runtime.startsWith(place.runtime ?? ""),
  );
}

/** The floor of the same program, where that has one. */
export function findFloor(rows: readonly BenchRow[], of: BenchRow): BenchRow | undefined {
  return rows.find(
    (row) =>
      row !== of &&
      row.suite === of.suite &&
      row.case === of.case &&
      row.subject === "floor" &&
      of.runtime.startsWith(row.runtime),
  );
}
