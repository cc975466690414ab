import { CHECKLISTS, renderChecklist } from "../doctor/render-checklist.ts";
import { renderAlertmanager } from "./render-alertmanager.ts";
import { renderPrometheusRules } from "./render-prometheus.ts";
import { renderRunbook } from "./render-runbook.ts";
import { renderRunbookIndex } from "./render-runbook-index.ts";
import { renderOpenSlo, renderSloth } from "./render-service-levels.ts";
import { listAlerts, RULE_GROUPS } from "./rule-groups.ts";

export type ExportFormat = "prometheus" | "alertmanager" | "openslo" | "sloth" | "runbooks" | "checklists";

export interface ExportOptions {
  readonly timeScale?: number;
  readonly runbooks?: string;
  readonly pageUrl?: string;
  readonly ticketUrl?: string;
  readonly watchdogUrl?: string;
}

/**
 * File names to texts.
 *
 * @throws RangeError for a time scale out of bounds.
 */
export function createExports(
  format: ExportFormat,
  options: ExportOptions = {},
): ReadonlyMap<string, string> {
  switch (format) {
    case "prometheus":
      return new Map(
        RULE_GROUPS.map((group) => [`${group.name}.rules.yml`, renderPrometheusRules([group], options)]),
      );
    case "alertmanager":
      return new Map([["alertmanager.yml", renderAlertmanager(options)]]);
    case "openslo":
      return new Map([["openslo.yml", renderOpenSlo()]]);
    case "sloth":
      return new Map([["sloth.yml", renderSloth(options)]]);
    case "runbooks": {
      const alerts = listAlerts();
      const names = new Set(alerts.map(({ name }) => name));
      return new Map([
        ["README.md", renderRunbookIndex(RULE_GROUPS)],
        ...alerts.map((alert) => [`${alert.name}.md`, renderRunbook(alert, names)] as const),
      ]);
    }
    case "checklists": {
      const stages = Object.keys(CHECKLISTS) as (keyof typeof CHECKLISTS)[];
      return new Map(stages.map((stage) => [`${stage}.md`, renderChecklist(stage)]));
    }
  }
}
