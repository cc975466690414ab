/** The service levels in the forms that other generators of rules read. */

import { type SampleSelection, SERVICE_LEVELS, type ServiceLevel, writeRate } from "@countersign/server";
import { Document, stringify } from "yaml";
import { LEVEL_ALERTING } from "./alerts/service-level-alerts.ts";
import { RUNBOOK_FOLDER } from "./render-prometheus.ts";

const SERVICE = "countersign";
/** Sloth puts its own windows there. */
const SLOTH_WINDOW = "{{.window}}";

/** One document a service level, OpenSLO v1. Queries count events; the window is the reader's. */
export function renderOpenSlo(): string {
  const service = {
    apiVersion: "openslo/v1",
    kind: "Service",
    metadata: { name: SERVICE, displayName: "Countersign" },
    spec: { description: "Decides whether a token may pass." },
  };
  return [service, ...SERVICE_LEVELS.map(describeOpenSlo)]
    .map((document) => stringify(document, { lineWidth: 120 }))
    .join("---\n");
}

/** One file for Sloth, prometheus/v1. Its alerts have the names, the severities and the runbooks of ours. */
export function renderSloth({ runbooks = RUNBOOK_FOLDER }: { readonly runbooks?: string } = {}): string {
  const document = new Document({
    version: "prometheus/v1",
    service: SERVICE,
    slos: SERVICE_LEVELS.map((level) => describeSloth(level, runbooks)),
  });
  return document.toString({ lineWidth: 120 });
}

function describeOpenSlo(level: ServiceLevel): object {
  const name = nameLevel(level);
  return {
    apiVersion: "openslo/v1",
    kind: "SLO",
    metadata: { name, displayName: `${name[0]?.toUpperCase()}${name.slice(1).replaceAll("-", " ")}` },
    spec: {
      description: level.title,
      service: SERVICE,
      indicator: {
        metadata: { name: `${name}-ratio` },
        spec: {
          ratioMetric: {
            counter: true,
            good: describeSource(level.good),
            total: describeSource(level.total),
          },
        },
      },
      timeWindow: [{ duration: "30d", isRolling: true }],
      budgetingMethod: "Occurrences",
      objectives: [{ displayName: "Good", target: level.objective }],
    },
  };
}

function describeSource({ sample, matchers }: SampleSelection): object {
  const written = matchers.map(({ label, values }) => `${label}=~"${values.map(escapePattern).join("|")}"`);
  const braces = written.length === 0 ? "" : `{${written.join(",")}}`;
  return { metricSource: { type: "Prometheus", spec: { query: `sum(${sample}${braces})` } } };
}

function describeSloth(level: ServiceLevel, runbooks: string): object {
  const { alert, pages } = LEVEL_ALERTING[level.id];
  const total = writeRate(level.total, { window: SLOTH_WINDOW });
  const good = writeRate(level.good, { window: SLOTH_WINDOW });
  return {
    name: nameLevel(level),
    objective: Number((level.objective * 100).toPrecision(6)),
    description: level.title,
    sli: { events: { error_query: `${total} - ${good}`, total_query: total } },
    alerting: {
      name: alert,
      annotations: { runbook_url: `${runbooks}${alert}.md` },
      page_alert: pages ? { labels: { severity: "critical" } } : { disable: true },
      ticket_alert: { labels: { severity: "warning" } },
    },
  };
}

/** In both forms names are of lower-case letters and hyphens. */
function nameLevel({ id }: ServiceLevel): string {
  return id.replaceAll("_", "-");
}

function escapePattern(value: string): string {
  return value.replace(/[\\.+*?()|[\]{}^$]/g, "\\\\$&");
}
