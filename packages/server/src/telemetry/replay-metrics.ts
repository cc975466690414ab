/** What is counted where a route goes on without the replay store. */

import type { MetricFamily } from "./metric-family.ts";
import type { MetricKey } from "./metrics-table.ts";

/**
 * "accepted": a first use that this machine alone knows of. "refused": one that it knew. "over": the exception's time was
 * over. "known_elsewhere": the store, once it was back, had an accepted use already.
 */
export type ReplayExceptionOutcome = "accepted" | "refused" | "over" | "known_elsewhere";

export interface ReplayMetrics {
  /** Where a route has an exception: its series, from the start. */
  initializeReplay(): void;
  recordReplayException(outcome: ReplayExceptionOutcome): void;
  setReplayStoreLost(isLost: boolean): void;
}

const OUTCOMES: readonly ReplayExceptionOutcome[] = ["accepted", "refused", "over", "known_elsewhere"];

export function createReplayMetrics(families: Readonly<Record<MetricKey, MetricFamily>>): ReplayMetrics {
  return {
    initializeReplay() {
      for (const outcome of OUTCOMES) families.replayExceptions.initialize(outcome);
      families.replayStoreLost.set([], 0);
    },
    recordReplayException: (outcome) => families.replayExceptions.add([outcome]),
    setReplayStoreLost: (isLost) => families.replayStoreLost.set([], isLost ? 1 : 0),
  };
}
