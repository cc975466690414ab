/** Alerts on how fast error budgets are spent, from the table of service levels. */

import {
  SERVICE_LEVELS,
  type ServiceLevel,
  type ServiceLevelId,
  writeErrorRatio,
  writeRate,
} from "@countersign/server";
import type { AlertRule, RecordingRule, RuleGroup, Runbook, Severity } from "../alert-rule.ts";
import { formatSpan, type Times } from "../times.ts";

/** How a service level is told of. */
export interface LevelAlerting {
  /** "Countersign…BudgetBurn" */
  readonly alert: string;
  /** Whether fast burning pages; otherwise all is a ticket. */
  readonly pages: boolean;
  /** Events a second below which a share says little. */
  readonly leastRate: number;
  readonly impact: string;
  readonly causes: string;
}

export const LEVEL_ALERTING: Readonly<Record<ServiceLevelId, LevelAlerting>> = {
  validation_success: {
    alert: "CountersignValidationErrorBudgetBurn",
    pages: true,
    leastRate: 0.2,
    impact: "Good clients get 503: their tokens cannot be checked.",
    causes: "CountersignCannotJudge names the reason by issuer.",
  },
  validation_latency: {
    alert: "CountersignValidationLatencyBudgetBurn",
    pages: true,
    leastRate: 0.2,
    impact: "Requests wait for their decision.",
    causes:
      "CountersignEventLoopLag, CountersignCryptoCpuHigh, CountersignIntrospectionSlow, CountersignJwksFetchFailing.",
  },
  key_fetches: {
    alert: "CountersignKeyFetchBudgetBurn",
    pages: false,
    leastRate: 0,
    impact: "None while the last good copy lasts.",
    causes: "CountersignJwksFetchFailing names the issuer.",
  },
  revocation_propagation: {
    alert: "CountersignRevocationBudgetBurn",
    pages: false,
    leastRate: 0,
    impact: "What was revoked is accepted for longer than promised.",
    causes: "CountersignRevocationPropagationSlow names the instance, and pages.",
  },
  introspection_latency: {
    alert: "CountersignIntrospectionBudgetBurn",
    pages: false,
    leastRate: 0.2,
    impact: "Requests with opaque tokens wait.",
    causes: "CountersignIntrospectionSlow names the issuer.",
  },
};

const AND = "\n  and on (job)\n";
const PERIOD_SECONDS = 30 * 86_400;

interface Burn {
  /** How many times faster than would just last for the period. */
  readonly factor: number;
  readonly longSeconds: number;
  readonly shortSeconds: number;
  readonly forSeconds: number;
  readonly severity: Severity;
}

const BURNS: readonly Burn[] = [
  { factor: 14.4, longSeconds: 3600, shortSeconds: 300, forSeconds: 120, severity: "critical" },
  { factor: 6, longSeconds: 21_600, shortSeconds: 1800, forSeconds: 900, severity: "critical" },
  { factor: 3, longSeconds: 86_400, shortSeconds: 7200, forSeconds: 3600, severity: "warning" },
  { factor: 1, longSeconds: 259_200, shortSeconds: 21_600, forSeconds: 10_800, severity: "warning" },
];
const WINDOWS = [300, 1800, 3600, 7200, 21_600, 86_400, 259_200];
const DAY_SECONDS = 86_400;
/** Half of thirty days' budget in one day. */
const HALF_IN_A_DAY = 15;

export const SERVICE_LEVEL_ALERTS: RuleGroup = {
  name: "slo",
  title: "Error budgets",
  about: `How fast error budgets of 30 days are spent: only what is the sidecar's or its dependencies' fault does. Pages: 2 % of the
budget within an hour, 5 % within six. Tickets: 10 % within a day, or within three. Half of it within a day: escalate.`,
  recordings: SERVICE_LEVELS.flatMap((level) => WINDOWS.map((seconds) => createRecording(level, seconds))),
  alerts: SERVICE_LEVELS.flatMap((level) => [
    ...BURNS.map((burn) => createBurnAlert(level, burn)),
    createHalfBudgetAlert(level),
  ]),
};

/** The name keeps the time that is handed out, whatever the scale. */
function nameRatio({ id }: ServiceLevel, seconds: number): string {
  return `countersign:${id}:error_ratio_rate${formatSpan(seconds)}`;
}

function createRecording(level: ServiceLevel, seconds: number): RecordingRule {
  return {
    name: nameRatio(level, seconds),
    expression: ({ window }) => writeErrorRatio(level, { window: window(seconds), by: ["job"] }),
  };
}

function createBurnAlert(level: ServiceLevel, burn: Burn): AlertRule {
  const { alert, pages } = LEVEL_ALERTING[level.id];
  const limit = round((1 - level.objective) * burn.factor);
  return {
    name: alert,
    severity: pages ? burn.severity : "warning",
    labels: {
      burn: String(burn.factor),
      window: formatSpan(burn.longSeconds),
      exhausted_in: nameExhaustion(burn.factor),
    },
    expression: (times) =>
      [
        `${nameRatio(level, burn.longSeconds)} > ${limit}`,
        `${nameRatio(level, burn.shortSeconds)} > ${limit}`,
        ...writeTraffic(level, { seconds: burn.longSeconds, times }),
      ].join(AND),
    forSeconds: burn.forSeconds,
    summary: `An error budget is spent too fast: ${level.id}.`,
    description: `${level.title}. {{ $labels.job }} misses it for {{ $value | humanizePercentage }} of events within {{ $labels.window }}; at this rate the budget of 30 days is gone in {{ $labels.exhausted_in }}.`,
    runbook: createRunbook(level),
  };
}

/** That there is enough to speak of a share. */
function writeTraffic(
  level: ServiceLevel,
  { seconds, times }: { readonly seconds: number; readonly times: Times },
): readonly string[] {
  const { leastRate } = LEVEL_ALERTING[level.id];
  if (leastRate === 0) return [];
  return [`${writeRate(level.total, { window: times.window(seconds), by: ["job"] })} > ${leastRate}`];
}

function createHalfBudgetAlert(level: ServiceLevel): AlertRule {
  const { alert, pages } = LEVEL_ALERTING[level.id];
  return {
    name: alert.replace(/BudgetBurn$/, "HalfBudgetInADay"),
    severity: pages ? "critical" : "warning",
    labels: { escalate: "true" },
    expression: (times) =>
      [
        `${nameRatio(level, DAY_SECONDS)} > ${round((1 - level.objective) * HALF_IN_A_DAY)}`,
        ...writeTraffic(level, { seconds: DAY_SECONDS, times }),
      ].join(AND),
    forSeconds: 300,
    summary: `Half of an error budget went within a day: ${level.id}.`,
    description: `${level.title}. {{ $labels.job }} missed it for {{ $value | humanizePercentage }} of events within a day, which is half of what 30 days may have. Escalate, and take the last change back.`,
    runbook: {
      ...createRunbook(level),
      mitigation: [
        "Escalate to whoever owns the service: the rest of the budget does not last for another such day.",
        "Take the last change back, of the version and of the configuration, before searching further.",
        ["Is the configuration before the change good?", "check-configuration"],
      ],
    },
  };
}

function createRunbook(level: ServiceLevel): Runbook {
  const { impact, causes } = LEVEL_ALERTING[level.id];
  return {
    meaning: `What is promised for ${round(level.objective * 100)} % of events over 30 days: “${level.title}”. It is missed so often that the budget will not last.`,
    impact,
    diagnosis: [
      causes,
      ["What is not as it should be?", "examine-production"],
      "Did it begin with a change? `countersign_config_last_reload_timestamp_seconds` and `countersign_build_info` tell when, and what runs.",
    ],
    mitigation: ["Follow the runbook of the cause.", "Without one: take the last change back, then search."],
    rollback: "The change comes again once its cause is understood.",
  };
}

function nameExhaustion(factor: number): string {
  return `${Math.round(PERIOD_SECONDS / factor / 3600)}h`;
}

/** Without the dust of binary fractions. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}
