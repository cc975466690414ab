/** The few shapes that the picture is made of. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** How much of it is the program without judging. Default nothing is told apart. */
  readonly floor?: number;
  readonly kind: "ours" | "peer" | "floor";
}

export interface Panel {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly Bar[];
}

export const PANEL_WIDTH = 450;
const LABEL_WIDTH = 172;
const VALUE_WIDTH = 62;
const ROW_HEIGHT = 22;
const BAR_HEIGHT = 13;
const HEAD_HEIGHT = 46;

export const STYLE = `
    text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #3b4252; }
    .page { fill: #ffffff; }
    .title { font-size: 19px; font-weight: 650; fill: #14181f; }
    .panel { font-size: 14px; font-weight: 650; fill: #14181f; }
    .quiet { font-size: 11px; fill: #6b7383; }
    .strong { font-weight: 650; fill: #14181f; }
    .value { font-variant-numeric: tabular-nums; }
    .track { fill: #f1f3f6; }
    .ours { fill: #0f766e; }
    .peer { fill: #9aa5b8; }
    .floor { fill: #d5dae3; }
    .inner { fill: #000000; fill-opacity: 0.22; }
    @media (prefers-color-scheme: dark) {
      text { fill: #b8c0cf; }
      .page { fill: #0d1117; }
      .title, .panel, .strong { fill: #eef2f8; }
      .quiet { fill: #8b95a7; }
      .track { fill: #1a212b; }
      .ours { fill: #2dbfae; }
      .peer { fill: #66738a; }
      .floor { fill: #3a4453; }
      .inner { fill: #000000; fill-opacity: 0.36; }
    }`;

export function measurePanel({ bars }: Panel): number {
  return HEAD_HEIGHT + bars.length * ROW_HEIGHT;
}

export function drawPanel(
  { title, subtitle, bars }: Panel,
  at: { readonly x: number; readonly y: number },
): string {
  const longest = Math.max(...bars.map(({ value }) => value));
  const room = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const rows = bars.map((bar, index) =>
    drawBar(bar, { y: HEAD_HEIGHT + index * ROW_HEIGHT, scale: room / longest }),
  );
  return `<g transform="translate(${at.x} ${at.y})">
    ${drawText(title, { x: 0, y: 14, style: "panel" })}
    ${drawText(subtitle, { x: 0, y: 31, style: "quiet" })}
    ${rows.join("\n    ")}
  </g>`;
}

function drawBar(bar: Bar, { y, scale }: { readonly y: number; readonly scale: number }): string {
  const text = y + BAR_HEIGHT - 2;
  const width = Math.max(2, bar.value * scale);
  const style = bar.kind === "ours" ? "strong" : "";
  const inner =
    bar.floor === undefined
      ? ""
      : drawRectangle({ y, width: Math.min(width, bar.floor * scale), style: "inner" });
  return [
    drawText(bar.label, { x: LABEL_WIDTH - 8, y: text, style: `${style} end`, anchor: "end" }),
    drawRectangle({ y, width, style: bar.kind }),
    inner,
    drawText(formatMicros(bar.value), { x: LABEL_WIDTH + width + 6, y: text, style: `value ${style}` }),
  ].join("");
}

function drawRectangle(of: { readonly y: number; readonly width: number; readonly style: string }): string {
  const width = of.width.toFixed(1);
  return `<rect class="${of.style}" x="${LABEL_WIDTH}" y="${of.y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`;
}

export function drawText(
  text: string,
  place: { readonly x: number; readonly y: number; readonly style: string; readonly anchor?: "end" },
): string {
  const anchor = place.anchor === undefined ? "" : ` text-anchor="${place.anchor}"`;
  return `<text class="${place.style.trim()}" x="${place.x.toFixed(1)}" y="${place.y}"${anchor}>${escapeText(text)}</text>`;
}

function formatMicros(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
