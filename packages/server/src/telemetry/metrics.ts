import type { EngineEvent, Fault, KeysFetchResult, ReasonName } from "countersign";
import { REASONS } from "countersign";

import { MetricFamily } from "./metric-family.ts";
import type { MetricKey } from "./metrics-table.ts";
import { METRICS } from "./metrics-table.ts";
import { renderMetrics } from "./render-metrics.ts";

/** Label of what cannot be told to belong to a configured issuer. */
const UNTRUSTED_ISSUER = "_untrusted";

/** What one decision adds. */
export interface DecisionSample {
  readonly door: string;
  readonly outcome: "authenticated" | "anonymous" | "refused" | "failed";
  /** Absent where the route asked for no token. */
  readonly validation?: {
    readonly issuer: string | undefined;
    readonly reason: ReasonName | "ok";
    readonly fault: Fault | "none";
    /** Undefined where no token was judged. */
    readonly durationMs: number | undefined;
  };
}

export interface Metrics {
  recordDecision(sample: DecisionSample): void;
  /** For `ValidatorOptions.observer`. */
  observe(event: EngineEvent): void;
  /** The Prometheus text format. */
  render(): string;
}

const FETCH_RESULTS: readonly KeysFetchResult[] = ["success", "not_modified", "timeout", "http_5xx", "parse"];
const UNKNOWN_KEY_OUTCOMES = ["refetch_hit", "refetch_miss", "cooldown", "negative_cached"] as const;

/** Creates the metrics of one sidecar. `issuers` are the aliases; `remoteIssuers` those whose keys are fetched. */
export function createMetrics(setup: {
  readonly issuers: readonly string[];
  readonly remoteIssuers: readonly string[];
  readonly version: string;
  readonly clock: () => number;
}): Metrics {
  const families = createFamilies();
  initialize(families, setup);
  const known = new Set([...setup.issuers, UNTRUSTED_ISSUER]);
  return {
    recordDecision({ door, outcome, validation }) {
      families.decisions.add([door, outcome]);
      if (validation === undefined) return;
      const { issuer = UNTRUSTED_ISSUER, reason, fault, durationMs } = validation;
      families.validations.add([known.has(issuer) ? issuer : UNTRUSTED_ISSUER, reason, fault]);
      if (durationMs !== undefined) families.validationDuration.observe(["cold"], durationMs / 1000);
    },
    observe: (event) => observeEngine(families, event, setup.clock),
    render() {
      const { user, system } = process.cpuUsage();
      families.cpu.set([], (user + system) / 1e6);
      families.memory.set([], process.memoryUsage.rss());
      const overflowed = Object.values(families).reduce((sum, family) => sum + family.overflowed, 0);
      families.overflow.set([], overflowed);
      return renderMetrics(Object.values(families));
    },
  };
}

type Families = Readonly<Record<MetricKey, MetricFamily>>;

function createFamilies(): Families {
  const entries = Object.entries(METRICS).map(
    ([key, definition]) => [key, new MetricFamily(definition)] as const,
  );
  return Object.fromEntries(entries) as Record<MetricKey, MetricFamily>;
}

function initialize(
  families: Families,
  setup: {
    readonly issuers: readonly string[];
    readonly remoteIssuers: readonly string[];
    readonly version: string;
  },
): void {
  families.buildInfo.set([setup.version, process.version], 1);
  for (const issuer of setup.issuers) families.validations.initialize(issuer, "ok", "none");
  for (const [reason, { fault, stage }] of Object.entries(REASONS)) {
    // What is found before the issuer is known never carries an issuer's name.
    const issuers = stage === "request" || reason === "issuer_untrusted" ? [] : setup.issuers;
    for (const issuer of [...issuers, UNTRUSTED_ISSUER])
      families.validations.initialize(issuer, reason, fault);
  }
  for (const issuer of setup.remoteIssuers) {
    for (const result of FETCH_RESULTS) families.keyFetches.initialize(issuer, result);
    for (const outcome of UNKNOWN_KEY_OUTCOMES) families.unknownKeys.initialize(issuer, outcome);
  }
}

function observeEngine(families: Families, event: EngineEvent, clock: () => number): void {
  switch (event.type) {
    case "validation_finished":
      if (event.signatureMs !== undefined && event.algorithm !== undefined) {
        families.signatureDuration.observe([event.algorithm], event.signatureMs / 1000);
      }
      return;
    case "keys_fetch_finished":
      families.keyFetches.add([event.issuer, event.result]);
      families.keyFetchDuration.observe([], event.durationMs / 1000);
      if (event.result === "success" || event.result === "not_modified") {
        families.keysLastSuccess.set([event.issuer], clock() / 1000);
      }
      if (event.usableUntil !== undefined)
        families.keysUsableUntil.set([event.issuer], event.usableUntil / 1000);
      if (event.maxAgeSeconds !== undefined) families.keysMaxAge.set([event.issuer], event.maxAgeSeconds);
      return;
    case "unknown_key":
      families.unknownKeys.add([event.issuer, event.outcome]);
      return;
    case "clock_difference_measured":
      families.clockSkew.set([event.issuer], event.seconds);
      return;
    default:
      return;
  }
}
