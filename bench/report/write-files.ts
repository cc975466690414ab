/** Where a run's picture goes, and where one goes that is to be published. */

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type BenchReport, formatReport } from "./bench-report.ts";
import { drawPicture } from "./draw-picture.ts";
import { writePage } from "./write-page.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The published run. */
export const RECORD_FOLDER: string = path.join(ROOT, "docs/reference");

/** @returns the file's path */
export function writePicture(report: BenchReport): string {
  const folder = path.join(ROOT, "reports");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "bench.svg");
  writeFileSync(file, drawPicture(report));
  return path.relative(process.cwd(), file);
}

/** The page, its picture, and the rows that both are made of. */
export function writeRecord(report: BenchReport): void {
  // What is written is what is read again: rounded. Where this checkout lies is nobody's business.
  const skipped = report.skipped.map((line) => (line.split("\n")[0] ?? "").replaceAll(ROOT, ""));
  const text = formatReport({ ...report, skipped });
  const read = JSON.parse(text) as BenchReport;
  writeFileSync(path.join(RECORD_FOLDER, "benchmarks.generated.json"), text);
  writeFileSync(path.join(RECORD_FOLDER, "benchmarks.svg"), drawPicture(read));
  writeFileSync(path.join(RECORD_FOLDER, "benchmarks.md"), writePage(read));
}
