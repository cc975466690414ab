/** The Prometheus text format, version 0.0.4, and OpenMetrics 1.0. */

import type { Cell, MetricFamily } from "./metric-family.ts";

export type MetricsFormat = "prometheus" | "openmetrics";

/** `Content-Type` of what `renderMetrics` gives. */
export const METRICS_CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Renders all families, each with its HELP and TYPE lines; ends with a line feed. */
export function renderMetrics(
  families: Iterable<MetricFamily>,
  format: MetricsFormat = "prometheus",
): string {
  const isOpen = format === "openmetrics";
  const lines: string[] = [];
  for (const family of families) {
    const { name: sample, help, type } = family.definition;
    // There the suffix belongs to the sample, and not to the family.
    const name = isOpen && type === "counter" ? sample.replace(/_total$/, "") : sample;
    const text = isOpen ? escapeLabelValue(help) : escapeHelp(help);
    lines.push(`# HELP ${name} ${text}`, `# TYPE ${name} ${type}`);
    for (const cell of family.cells) pushCell(lines, family, cell);
  }
  if (isOpen) lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function pushCell(lines: string[], { definition }: MetricFamily, cell: Cell): void {
  const { name, labels, buckets } = definition;
  const pairs = labels.map((label, index) => `${label}="${escapeLabelValue(cell.labels[index] ?? "")}"`);
  if (buckets === undefined) {
    lines.push(`${name}${inBraces(pairs)} ${formatNumber(cell.value)}`);
    return;
  }
  let cumulated = 0;
  for (const [index, bound] of [...buckets, Infinity].entries()) {
    cumulated += cell.buckets[index] ?? 0;
    lines.push(`${name}_bucket${inBraces([...pairs, `le="${formatNumber(bound)}"`])} ${cumulated}`);
  }
  lines.push(
    `${name}_sum${inBraces(pairs)} ${formatNumber(cell.value)}`,
    `${name}_count${inBraces(pairs)} ${cell.count}`,
  );
}

function inBraces(pairs: readonly string[]): string {
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
}

function escapeLabelValue(text: string): string {
  return escapeHelp(text).replace(/"/g, '\\"');
}

function formatNumber(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return Number.isNaN(value) ? "NaN" : String(value);
}
