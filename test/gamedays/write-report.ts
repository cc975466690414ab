/** The score card of a run, as a page and as a picture. */

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { GameDayScore } from "./scenario.ts";

const LEFT = 190;
const WIDTH = 900;
const TOP = 74;
const ROW_HEIGHT = 34;
const BAR_HEIGHT = 14;
const STYLE = `
    text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #3b4252; }
    .page { fill: #ffffff; }
    .title { font-size: 19px; font-weight: 650; fill: #14181f; }
    .quiet { font-size: 11px; fill: #6b7383; }
    .line { stroke: #e3e7ee; }
    .unseen { fill: #b91c1c; }
    .seen { fill: #d97706; }
    .healing { fill: #0f766e; }
    @media (prefers-color-scheme: dark) {
      text { fill: #b8c0cf; }
      .page { fill: #0d1117; }
      .title { fill: #eef2f8; }
      .line { stroke: #262d39; }
    }
`;

/** Writes `game-days.generated.json`, `game-days.generated.md` and `game-days.svg` into a folder. */
export async function writeReport(scores: readonly GameDayScore[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = {
    "game-days.generated.json": `${JSON.stringify(scores, null, 2)}\n`,
    "game-days.generated.md": renderPage(scores),
    "game-days.svg": drawPicture(scores),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
}

export function renderPage(scores: readonly GameDayScore[]): string {
  const rows = scores.map((score) =>
    [
      score.id,
      score.title,
      seconds(score.detectMs),
      seconds(score.alertMs),
      seconds(score.healMs),
      String(score.wronglyRefused),
      String(score.wronglyAccepted),
      score.unexpectedAlerts.join(", ") || "none",
      score.passed ? "yes" : score.misses.join("; "),
    ].join(" | "),
  );
  return `# The score of a run of game days

Written by \`npm run gameday -- --report docs/reference\`. What each does and how it is measured stands
[in the guide](../guide/game-days.md).

![When each was noticed, told and healed](game-days.svg)

| | injected | noticed | told | healed in | good refused | bad accepted | unexplained alerts | passed |
|---|---|---|---|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join("\n")}
`;
}

export function drawPicture(scores: readonly GameDayScore[]): string {
  const longestMs = Math.max(1000, ...scores.map(({ alertMs, healMs }) => alertMs + healMs));
  const place = (ms: number): number => LEFT + (Math.max(0, ms) / longestMs) * (WIDTH - LEFT - 30);
  const height = TOP + scores.length * ROW_HEIGHT + 30;
  const ticks = Array.from({ length: Math.floor(longestMs / 1000) + 1 }, (_, second) => {
    const x = place(second * 1000).toFixed(1);
    const bottom = TOP + scores.length * ROW_HEIGHT;
    return `<line class="line" x1="${x}" x2="${x}" y1="${TOP - 8}" y2="${bottom}"/><text class="quiet" x="${x}" y="${bottom + 16}" text-anchor="middle">${second} s</text>`;
  });
  const rows = scores.map((score, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const { detectMs, alertMs, healMs } = score;
    const bar = (kind: string, [from, to]: readonly [number, number]): string =>
      `<rect class="${kind}" x="${place(from).toFixed(1)}" y="${y}" width="${Math.max(0, place(to) - place(from)).toFixed(1)}" height="${BAR_HEIGHT}"/>`;
    return [
      `<text x="20" y="${y + 12}">${score.id}${score.passed ? "" : " (failed)"}</text>`,
      bar("unseen", [0, detectMs]),
      bar("seen", [detectMs, alertMs]),
      bar("healing", [alertMs, alertMs + healMs]),
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Game days: noticed, told, healed">
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}"/>
<text class="title" x="20" y="30">From the fault until everything is well again</text>
<text class="quiet" x="20" y="50">red: nothing shows it yet; amber: it shows, and nobody is told yet; green: from the first step that heals, until alerts are resolved</text>
${[...ticks, ...rows].join("\n")}
</svg>
`;
}

function seconds(ms: number): string {
  return ms < 0 ? "never" : `${(ms / 1000).toFixed(1)} s`;
}
