/**
 * What the sidecar promises, as data: which events count, which of them are good, and what share has to be. Rules,
 * dashboards and reports follow from this table, so that all of them mean the same. Only what is the sidecar's or its
 * dependencies' fault spends a budget: a refused client is an answer given well.
 */

import { METRICS } from "./metrics-table.ts";

export type ServiceLevelId =
  | "validation_success"
  | "validation_latency"
  | "key_fetches"
  | "revocation_propagation"
  | "introspection_latency";

export interface ServiceLevel {
  readonly id: ServiceLevelId;
  /** For people. */
  readonly title: string;
  /** The share of good events over 30 days, between 0 and 1. */
  readonly objective: number;
  readonly good: SampleSelection;
  /** Counts every good event too. */
  readonly total: SampleSelection;
}

/** Samples of one counter, or of one part of a histogram; those of all label values that are not named. */
export interface SampleSelection {
  /** The name of a sample: of a histogram with `_bucket` or `_count`. */
  readonly sample: string;
  readonly matchers: readonly SampleMatcher[];
}

/** Any of the values. */
export interface SampleMatcher {
  readonly label: string;
  readonly values: readonly [string, ...string[]];
}

export const SERVICE_LEVELS: readonly ServiceLevel[] = Object.freeze([
  {
    id: "validation_success",
    title: "Tokens are judged: accepted, or refused for what they are; system faults are neither",
    objective: 0.999,
    good: select(METRICS.validations.name, { fault: ["none"] }),
    total: select(METRICS.validations.name, { fault: ["none", "system"] }),
  },
  {
    id: "validation_latency",
    title: "A token is judged within 5 ms, waiting for keys and issuers included",
    objective: 0.99,
    good: select(`${METRICS.validationDuration.name}_bucket`, { le: ["0.005"] }),
    total: select(`${METRICS.validationDuration.name}_count`),
  },
  {
    id: "key_fetches",
    title: "Fetches of issuers' keys bring or confirm them",
    objective: 0.99,
    good: select(METRICS.keyFetches.name, { result: ["success", "not_modified"] }),
    total: select(METRICS.keyFetches.name),
  },
  {
    id: "revocation_propagation",
    title: "A revocation is in force here within 60 s",
    objective: 0.999,
    good: select(`${METRICS.revocationPropagation.name}_bucket`, { le: ["60"] }),
    total: select(`${METRICS.revocationPropagation.name}_count`),
  },
  {
    id: "introspection_latency",
    title: "Issuers answer about a token within 500 ms",
    objective: 0.99,
    good: select(`${METRICS.introspectionDuration.name}_bucket`, { le: ["0.5"] }),
    total: select(`${METRICS.introspectionDuration.name}_count`),
  },
]);

/** Over which time, and per what. */
export interface RateOptions {
  /** As PromQL writes it: "5m", "30s". */
  readonly window: string;
  /** Labels to keep. Default none: one number for all. */
  readonly by?: readonly string[];
  /** More matchers, as PromQL writes them: `job="countersign"`. Default none. */
  readonly matching?: string;
}

/** Events a second, as a PromQL expression. */
export function writeRate(selection: SampleSelection, { window, by = [], matching }: RateOptions): string {
  const matchers = selection.matchers.map(writeMatcher);
  if (matching !== undefined) matchers.push(matching);
  const braces = matchers.length === 0 ? "" : `{${matchers.join(",")}}`;
  const kept = by.length === 0 ? "" : ` by (${by.join(", ")})`;
  return `sum${kept} (rate(${selection.sample}${braces}[${window}]))`;
}

/** The share of events that were not good, as a PromQL expression; it has no value where nothing happened. */
export function writeErrorRatio({ good, total }: ServiceLevel, options: RateOptions): string {
  return `1 - (${writeRate(good, options)} / (${writeRate(total, options)} > 0))`;
}

function select(
  sample: string,
  matchers: Readonly<Record<string, readonly [string, ...string[]]>> = {},
): SampleSelection {
  return { sample, matchers: Object.entries(matchers).map(([label, values]) => ({ label, values })) };
}

function writeMatcher({ label, values }: SampleMatcher): string {
  const [only] = values;
  return values.length === 1 ? `${label}="${only}"` : `${label}=~"${values.join("|")}"`;
}
