/** Counters of each service level with a share of bad events, one sample a minute. */

import type { ServiceLevelId } from "../../packages/server/src/telemetry/service-levels.ts";

/** Events a minute; enough for every alert's least rate. */
const EVENTS = 1000;

export interface BudgetScenario {
  readonly alert: string;
  /** Selectors of what counts the good, and what counts all or the bad. */
  readonly good: string;
  readonly all?: string;
  readonly bad?: string;
}

export const BUDGET_SCENARIOS: Readonly<Record<ServiceLevelId, BudgetScenario>> = {
  validation_success: {
    alert: "CountersignValidationError",
    good: 'countersign_validations_total{job="c", fault="none"}',
    bad: 'countersign_validations_total{job="c", fault="system"}',
  },
  validation_latency: {
    alert: "CountersignValidationLatency",
    good: 'countersign_validation_duration_seconds_bucket{job="c", le="0.005"}',
    all: 'countersign_validation_duration_seconds_count{job="c"}',
  },
  key_fetches: {
    alert: "CountersignKeyFetch",
    good: 'countersign_jwks_fetches_total{job="c", result="not_modified"}',
    bad: 'countersign_jwks_fetches_total{job="c", result="timeout"}',
  },
  revocation_propagation: {
    alert: "CountersignRevocation",
    good: 'countersign_revocation_propagation_seconds_bucket{job="c", le="60"}',
    all: 'countersign_revocation_propagation_seconds_count{job="c"}',
  },
  introspection_latency: {
    alert: "CountersignIntrospection",
    good: 'countersign_introspection_duration_seconds_bucket{job="c", le="0.5"}',
    all: 'countersign_introspection_duration_seconds_count{job="c"}',
  },
};

/** Series for promtool, for so many minutes. */
export function createBudgetSeries(
  { good, all, bad }: BudgetScenario,
  { badShare, minutes }: { readonly badShare: number; readonly minutes: number },
): readonly { readonly series: string; readonly values: string }[] {
  const rows: (readonly [string | undefined, number])[] = [
    [good, EVENTS * (1 - badShare)],
    [all, EVENTS],
    [bad, EVENTS * badShare],
  ];
  return rows.flatMap(([series, step]) =>
    series === undefined ? [] : [{ series, values: `0+${step}x${minutes}` }],
  );
}
