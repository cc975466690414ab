/** What is counted of signals and of status lists. */

import type { EngineEvent, ReasonName } from "countersign";

import type { MetricFamily } from "./metric-family.ts";
import type { MetricKey } from "./metrics-table.ts";

/** "logout": a logout token. "event": a security event token. */
export type SignalKind = "logout" | "event";

/**
 * "revoked": something was. "no_effect": it was good, and about nothing that is revoked here. "repeated": it was taken
 * before. "refused": it was not good. "failed": the store or the keys are away, so that it has to come again.
 */
export type SignalOutcome = "revoked" | "no_effect" | "repeated" | "refused" | "failed";

export interface SignalSample {
  readonly kind: SignalKind;
  /** From configuration: the issuer's alias, or the transmitter's name; "_untrusted" where it is of neither. */
  readonly source: string;
  readonly outcome: SignalOutcome;
  /** Why, where it was refused. */
  readonly reason?: ReasonName | "invalid_state" | undefined;
}

/** How a poll ended. "answered": with events or without. */
export type PollResult =
  | "answered"
  | "timeout"
  | "network_error"
  | "http_error"
  | "auth_error"
  | "bad_answer";

/** What came of asking for a list of ours. "stale": the feed is lost, and no list was made. */
export type PublishingResult = "built" | "stale" | "failed";

export interface SignalMetrics {
  recordSignal(sample: SignalSample): void;
  /** Makes the series of a transmitter that is polled. */
  initializePolls(source: string): void;
  recordPoll(sample: { readonly source: string; readonly result: PollResult }): void;
  /** A list of ours, by the alias of the issuer whose tokens it is about. */
  recordPublishing(sample: { readonly issuer: string; readonly result: PublishingResult }): void;
}

const OUTCOMES: readonly SignalOutcome[] = ["revoked", "no_effect", "repeated", "refused", "failed"];
const POLL_RESULTS: readonly PollResult[] = [
  "answered",
  "timeout",
  "network_error",
  "http_error",
  "auth_error",
  "bad_answer",
];

type Families = Readonly<Record<MetricKey, MetricFamily>>;

export function createSignalMetrics(families: Families, clock: () => number): SignalMetrics {
  return {
    recordSignal({ kind, source, outcome, reason }) {
      families.signals.add([kind, source, outcome]);
      if (outcome === "refused") families.signalsRefused.add([kind, source, reason ?? "internal_error"]);
    },
    initializePolls(source) {
      for (const result of POLL_RESULTS) families.signalPolls.initialize(source, result);
      for (const outcome of OUTCOMES) families.signals.initialize("event", source, outcome);
    },
    recordPoll({ source, result }) {
      families.signalPolls.add([source, result]);
      if (result === "answered") families.signalPollLastSuccess.set([source], clock() / 1000);
    },
    recordPublishing({ issuer, result }) {
      families.statusListsPublished.add([issuer, result]);
      if (result === "built") families.statusListPublished.set([issuer], clock() / 1000);
    },
  };
}

/** Fetches of issuers' lists, as the engine tells them. */
export function observeStatusLists(
  families: Families,
  { issuer, result }: Extract<EngineEvent, { type: "status_list_fetch_finished" }>,
  clock: () => number,
): void {
  families.statusListFetches.add([issuer, result]);
  if (result === "success") families.statusListLastSuccess.set([issuer], clock() / 1000);
}
