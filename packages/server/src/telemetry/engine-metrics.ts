/** What is counted of the engine's events. Each validation is one of them, so its series are held and not looked up. */

import type { EngineEvent } from "countersign";

import type { MetricFamily } from "./metric-family.ts";
import type { MetricKey } from "./metrics-table.ts";
import { observeStatusLists } from "./signal-metrics.ts";

type Families = Readonly<Record<MetricKey, MetricFamily>>;

/** Creates what an observer of a validator calls. */
export function createEngineObserver(families: Families, clock: () => number): (event: EngineEvent) => void {
  const hits = families.cacheRequests.find(["token", "hit"]);
  const misses = families.cacheRequests.find(["token", "miss"]);
  return (event) => {
    if (event.type !== "validation_finished") return observeKeys(families, event, clock);
    const { remembered, signatureMs, algorithm, expiredSeconds } = event;
    if (remembered) hits.value += 1;
    // A refusal that needs no signature asks no memory.
    else if (signatureMs !== undefined) misses.value += 1;
    if (signatureMs !== undefined && algorithm !== undefined) {
      families.signatureDuration.observe([algorithm], signatureMs / 1000);
    }
    if (expiredSeconds !== undefined) families.expiredAge.observe([], expiredSeconds);
  };
}

function observeKeys(families: Families, event: EngineEvent, clock: () => number): void {
  switch (event.type) {
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
    case "status_list_fetch_finished":
      observeStatusLists(families, event, clock);
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
