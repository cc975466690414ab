/** A run as one picture: what it costs beside the others, in microseconds of CPU. */

import type { BenchRow } from "../bench-row.ts";
import { type BenchReport, findFloor, findRow } from "./bench-report.ts";
import { type Bar, drawPanel, drawText, measurePanel, PANEL_WIDTH, type Panel, STYLE } from "./svg.ts";

const MARGIN = 28;
const GAP = 36;
const HEAD = 74;
const WIDTH = MARGIN * 2 + PANEL_WIDTH * 2 + GAP;

/** An SVG that follows the reader's color scheme. Panels whose figures the run does not have are left out. */
export function drawPicture(report: BenchReport): string {
  const panels = createPanels(report.rows).filter(({ bars }) => bars.length > 1);
  const columns: string[] = [];
  const heights = [HEAD, HEAD];
  for (const panel of panels) {
    // Into the column that is shorter so far.
    const column = (heights[0] ?? 0) <= (heights[1] ?? 0) ? 0 : 1;
    const y = heights[column] ?? HEAD;
    columns.push(drawPanel(panel, { x: MARGIN + column * (PANEL_WIDTH + GAP), y }));
    heights[column] = y + measurePanel(panel) + GAP * 0.8;
  }
  const height = Math.ceil(Math.max(...heights));
  const legend =
    "CPU microseconds an operation, less is better; the darker part of a bar is the same program without judging";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Countersign beside its peers: ${legend}">
  <style>${STYLE}
  </style>
  <rect class="page" width="${WIDTH}" height="${height}" rx="8"/>
  ${drawText("Countersign beside its peers", { x: MARGIN, y: 36, style: "title" })}
  ${drawText(legend, { x: MARGIN, y: 55, style: "quiet" })}
  ${columns.join("\n  ")}
  ${drawText(`${report.machine} · ${report.date}`, { x: MARGIN, y: height - 10, style: "quiet" })}
</svg>
`;
}

const LIBRARIES = ["floor", "countersign", "fast-jwt", "jsonwebtoken", "aws-jwt-verify", "jose"];

function createPanels(rows: readonly BenchRow[]): readonly Panel[] {
  const pick = (suite: string, name: string, subjects: readonly string[]): readonly Bar[] =>
    subjects.flatMap((subject) => {
      const row = findRow(rows, { suite, case: name, subject });
      return row === undefined ? [] : [toBar(row, subject === "floor" ? "crypto.verify alone" : subject)];
    });
  return [
    {
      title: "A token seen again",
      subtitle: "ES256, 10,000 tokens of 16 claims, zipf; both remember 10,000",
      bars: pick("cached", "ES256 zipf over 10000", ["countersign", "fast-jwt"]),
    },
    {
      title: "A decision over HTTP",
      subtitle: "RS256, 10,000 tokens in turn, one core",
      bars: createServerBars(rows, "decision"),
    },
    {
      title: "A token never seen: RS256",
      subtitle: "16 claims, every signature verified",
      bars: pick("verify", "RS256 800", LIBRARIES),
    },
    {
      title: "A token never seen: ES256",
      subtitle: "16 claims, every signature verified",
      bars: pick("verify", "ES256 800", LIBRARIES),
    },
    {
      title: "A token refused: expired",
      subtitle: "RS256; peers throw, ours answers",
      bars: pick("refuse", "expired", LIBRARIES.slice(1)),
    },
    {
      title: "A token refused: malformed",
      subtitle: "no dots",
      bars: pick("refuse", "malformed", LIBRARIES.slice(1)),
    },
    {
      title: "A request forwarded",
      subtitle: "RS256, 10,000 tokens in turn, one core, all processes in between",
      bars: createServerBars(rows, "proxy"),
    },
  ];
}

/** Who judges, cheapest first, with what the program costs without judging. */
function createServerBars(rows: readonly BenchRow[], suite: string): readonly Bar[] {
  return rows
    .filter((row) => row.suite === suite && row.case === "RS256 10000 tokens" && row.subject !== "floor")
    .toSorted((left, right) => left.cpuMicrosPerOp - right.cpuMicrosPerOp)
    .map((row) => {
      const floor = findFloor(rows, row)?.cpuMicrosPerOp;
      const bar = toBar(row, describeServer(row));
      return floor === undefined ? bar : { ...bar, floor };
    });
}

function describeServer({ subject, runtime }: BenchRow): string {
  if (subject !== "countersign") return subject;
  const [first = "", second] = runtime.replaceAll(/ [\d.]+/g, "").split(" and ");
  return second === undefined ? `countersign on ${first}` : `${first} + countersign`;
}

function toBar({ subject, cpuMicrosPerOp }: BenchRow, label: string): Bar {
  const kind = subject === "countersign" || subject === "floor" ? subject : "peer";
  return { label, value: cpuMicrosPerOp, kind: kind === "countersign" ? "ours" : kind };
}
