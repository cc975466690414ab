import type { AlertRule, RuleGroup } from "./alert-rule.ts";
import { ROUTES } from "./render-runbook.ts";
import { formatSpan } from "./times.ts";

/** All alerts with a link to the page of each, in Markdown. An alert with several windows is one. */
export function renderRunbookIndex(groups: readonly RuleGroup[]): string {
  const lines = ["# Runbooks", "", "A page for each alert."];
  for (const { title, about, alerts } of groups) {
    const rows = new Map(alerts.map((alert) => [alert.name, renderRow(alert, alerts)]));
    lines.push(
      "",
      `## ${title}`,
      "",
      about,
      "",
      "| alert | | for | |",
      "|---|---|---|---|",
      ...rows.values(),
    );
  }
  return `${lines.join("\n")}\n`;
}

function renderRow({ name, summary }: AlertRule, alerts: readonly AlertRule[]): string {
  const all = alerts.filter((alert) => alert.name === name);
  const routes = [...new Set(all.map(({ severity }) => ROUTES[severity].toLowerCase()))];
  const times = all.map(({ forSeconds }) => (forSeconds === undefined ? "at once" : formatSpan(forSeconds)));
  return `| [${name}](${name}.md) | ${routes.join(", ")} | ${times.join(", ")} | ${summary} |`;
}
