import { Document } from "yaml";
import type { AlertRule, RuleGroup } from "./alert-rule.ts";
import { createTimes, type Times } from "./times.ts";

export interface PrometheusOptions {
  /** By how much every time is divided, 1 to 86,400. Default 1. */
  readonly timeScale?: number;
  /** Before the name of an alert and ".md"; of your own where runbooks are published. */
  readonly runbooks?: string;
}

/** Where this repository has them. */
export const RUNBOOK_FOLDER = "operations/runbooks/";

/**
 * Rules for Prometheus as one YAML file.
 *
 * @throws RangeError for a time scale out of bounds.
 */
export function renderPrometheusRules(groups: readonly RuleGroup[], options: PrometheusOptions = {}): string {
  const { timeScale = 1, runbooks = RUNBOOK_FOLDER } = options;
  const times = createTimes(timeScale);
  const document = new Document({
    groups: groups.map(({ name, recordings = [], alerts }) => ({
      name: `countersign-${name}`,
      rules: [
        ...recordings.map((rule) => ({ record: rule.name, expr: rule.expression(times) })),
        ...alerts.map((alert) => describeAlert(alert, { times, runbooks })),
      ],
    })),
  });
  document.commentBefore = groups
    .flatMap(({ about }) => about.split("\n"))
    .map((line) => (line === "" ? "" : ` ${line}`))
    .join("\n");
  return document.toString({ lineWidth: 120, blockQuote: "literal" });
}

function describeAlert(
  alert: AlertRule,
  { times, runbooks }: { readonly times: Times; readonly runbooks: string },
): object {
  const { forSeconds, isHushedByRotation, labels } = alert;
  return {
    alert: alert.name,
    expr: alert.expression(times),
    ...(forSeconds === undefined ? {} : { for: times.lasting(forSeconds) }),
    labels: {
      severity: alert.severity,
      ...labels,
      ...(isHushedByRotation === undefined ? {} : { inhibited_by_rotation: "true" }),
    },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${runbooks}${alert.name}.md`,
    },
  };
}
