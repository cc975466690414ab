/** Every metric as data: the text format, the tests and later the rules and dashboards follow from it. */

export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricDefinition {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** Values come from configuration, from the engine's closed sets, or from a trusted key set; never from a token. */
  readonly labels: readonly string[];
  /** Gauges of which several processes have one each: what stands for all. Others are of the process that has them. */
  readonly merge?: "sum" | "largest";
  /** Histograms: upper bounds in seconds, ascending, without +Inf. */
  readonly buckets?: readonly number[];
}

function table<const T extends Record<string, MetricDefinition>>(
  rows: T,
): Readonly<Record<keyof T, MetricDefinition>> {
  return Object.freeze(rows);
}

/** The sidecar's metrics. Names are never reused for something else. */
export const METRICS: Readonly<Record<MetricKey, MetricDefinition>> = table({
  validations: {
    name: "countersign_validations_total",
    type: "counter",
    help: "Decisions about requests that need a token, by issuer alias, reason and whose fault it is.",
    labels: ["issuer", "reason", "fault"],
  },
  validationDuration: {
    name: "countersign_validation_duration_seconds",
    type: "histogram",
    help: "Time to judge one token, waiting for keys included.",
    labels: ["path"],
    buckets: [
      0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
    ],
  },
  expiredAge: {
    name: "countersign_token_expired_age_seconds",
    type: "histogram",
    help: "How long tokens that were refused for it had been expired: seconds are a matter of clocks, hours of clients.",
    labels: [],
    buckets: [1, 5, 15, 30, 60, 300, 3600, 86400],
  },
  signatureDuration: {
    name: "countersign_signature_verify_duration_seconds",
    type: "histogram",
    help: "Time to verify one signature.",
    labels: ["alg"],
    buckets: [0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25],
  },
  decisions: {
    name: "countersign_decisions_total",
    type: "counter",
    help: "Decisions by front door and outcome, requests to anonymous routes included.",
    labels: ["door", "outcome"],
  },
  shadowDecisions: {
    name: "countersign_shadow_decisions_total",
    type: "counter",
    help: "What requirements in shadow would have done, by requirement or route and reason; nothing of it was enforced.",
    labels: ["policy", "would", "reason"],
  },
  keyFetches: {
    name: "countersign_jwks_fetches_total",
    type: "counter",
    help: "Fetches of an issuer's keys, by result.",
    labels: ["issuer", "result"],
  },
  keyFetchDuration: {
    name: "countersign_jwks_fetch_duration_seconds",
    type: "histogram",
    help: "Time of a fetch of an issuer's keys, metadata included.",
    labels: [],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  keysLastSuccess: {
    name: "countersign_jwks_last_success_timestamp_seconds",
    type: "gauge",
    help: "When the issuer's keys were last fetched or confirmed.",
    labels: ["issuer"],
  },
  keysUsableUntil: {
    name: "countersign_jwks_usable_until_timestamp_seconds",
    type: "gauge",
    help: "Until when the copy of the issuer's keys is used if no fetch succeeds again.",
    labels: ["issuer"],
  },
  keysMaxAge: {
    name: "countersign_jwks_max_age_seconds",
    type: "gauge",
    help: "Age at which the copy of the issuer's keys is refreshed.",
    labels: ["issuer"],
  },
  keySetInfo: {
    name: "countersign_jwks_set_info",
    type: "gauge",
    help: "Always 1; the hash tells sets of keys apart, and is the same wherever the same keys are in use.",
    labels: ["issuer", "set_hash"],
  },
  keyInfo: {
    name: "countersign_jwks_key_info",
    type: "gauge",
    help: "Always 1 for each key that an issuer publishes, of the first 16.",
    labels: ["issuer", "kid", "alg"],
  },
  unknownKeys: {
    name: "countersign_unknown_kid_total",
    type: "counter",
    help: "Tokens whose key was not in the copy of the issuer's keys, by what was done about it.",
    labels: ["issuer", "outcome"],
  },
  keyLastUsed: {
    name: "countersign_key_last_used_timestamp_seconds",
    type: "gauge",
    help: "When each key of an issuer last verified an accepted token.",
    labels: ["issuer", "kid"],
  },
  clockSkew: {
    name: "countersign_clock_skew_seconds",
    type: "gauge",
    help: "Seconds by which the source's clock is ahead of ours, from its Date header.",
    labels: ["source"],
  },
  buildInfo: {
    name: "countersign_build_info",
    type: "gauge",
    help: "Always 1; the labels say what runs.",
    labels: ["version", "node"],
  },
  introspections: {
    name: "countersign_introspections_total",
    type: "counter",
    help: "Questions to an issuer about a token, by what came of them; answers that were remembered do not count.",
    labels: ["issuer", "result"],
  },
  introspectionDuration: {
    name: "countersign_introspection_duration_seconds",
    type: "histogram",
    help: "Time until an issuer answered about a token, waiting for a turn included.",
    labels: ["issuer"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  exchanges: {
    name: "countersign_exchanges_total",
    type: "counter",
    help: "Tokens that were to be exchanged for an upstream, by what came of it; those that were remembered do not count.",
    labels: ["exchange", "result"],
  },
  exchangeDuration: {
    name: "countersign_exchange_duration_seconds",
    type: "histogram",
    help: "Time until a token endpoint answered to an exchange, waiting for a turn included.",
    labels: ["exchange"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  assertions: {
    name: "countersign_assertions_total",
    type: "counter",
    help: "Identities that were to be signed for an upstream, by what came of it; those that were remembered do not count.",
    labels: ["result"],
  },
  revocationPropagation: {
    name: "countersign_revocation_propagation_seconds",
    type: "histogram",
    help: "From a revocation, by the clock of whoever revoked, until a process that judges refuses what it names.",
    labels: ["transport"],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120],
  },
  revocationCanary: {
    name: "countersign_revocation_canary_issued_timestamp_seconds",
    type: "gauge",
    help: "When the newest canary that was seen here was issued; the time since is how old the feed is from end to end.",
    labels: [],
  },
  revocationFeedConnected: {
    name: "countersign_revocation_feed_connected",
    type: "gauge",
    help: "1 while the feed of revocations is read, 0 while it is lost.",
    labels: [],
  },
  revocationFeedAge: {
    name: "countersign_revocation_feed_age_seconds",
    type: "gauge",
    help: "How long ago the list was known to be complete; +Inf before the first time. Of several workers the longest.",
    labels: [],
    merge: "largest",
  },
  revocationEntries: {
    name: "countersign_revocation_entries",
    type: "gauge",
    help: "Revocations of tokens, subjects, sessions and clients in the memory of a process.",
    labels: [],
    merge: "largest",
  },
  revocationAppliedPosition: {
    name: "countersign_revocation_applied_position",
    type: "gauge",
    help: "Up to this position of the feed all revocations are in force in every process of this instance.",
    labels: [],
  },
  revocationResyncs: {
    name: "countersign_revocation_resyncs_total",
    type: "counter",
    help: "Times that a process read the feed of revocations from its start, by cause.",
    labels: ["cause"],
  },
  replayExceptions: {
    name: "countersign_replay_exceptions_total",
    type: "counter",
    help: "First uses on routes that may go on for some seconds without the replay store, by what became of them.",
    labels: ["outcome"],
  },
  replayStoreLost: {
    name: "countersign_replay_store_lost",
    type: "gauge",
    help: "1 while the replay store does not answer, where a route has an exception for that.",
    labels: [],
    merge: "largest",
  },
  signals: {
    name: "countersign_signals_total",
    type: "counter",
    help: "Logout tokens and security events that came, by whose they are and by what became of them.",
    labels: ["kind", "source", "outcome"],
  },
  signalsRefused: {
    name: "countersign_signals_refused_total",
    type: "counter",
    help: "Logout tokens and security events that were refused, by reason.",
    labels: ["kind", "source", "reason"],
  },
  signalPolls: {
    name: "countersign_signal_polls_total",
    type: "counter",
    help: "Questions to a transmitter for security events, by how they ended.",
    labels: ["source", "result"],
  },
  signalPollLastSuccess: {
    name: "countersign_signal_poll_last_success_timestamp_seconds",
    type: "gauge",
    help: "When a transmitter last answered a question for security events, with events or without.",
    labels: ["source"],
  },
  statusListFetches: {
    name: "countersign_status_list_fetches_total",
    type: "counter",
    help: "Fetches of an issuer's status lists, by result.",
    labels: ["issuer", "result"],
  },
  statusListLastSuccess: {
    name: "countersign_status_list_last_success_timestamp_seconds",
    type: "gauge",
    help: "When a status list of the issuer was last fetched; it says so once one was.",
    labels: ["issuer"],
  },
  statusListsPublished: {
    name: "countersign_status_lists_published_total",
    type: "counter",
    help: "Status lists of ours that were to be made, by what came of it; stale: the feed of revocations is lost.",
    labels: ["issuer", "result"],
  },
  statusListPublished: {
    name: "countersign_status_list_published_timestamp_seconds",
    type: "gauge",
    help: "When a status list of ours was last made from the revocations.",
    labels: ["issuer"],
  },
  cacheRequests: {
    name: "countersign_cache_requests_total",
    type: "counter",
    help: "Look-ups in a cache, by whether there was an answer.",
    labels: ["cache", "result"],
  },
  auditEvents: {
    name: "countersign_audit_events_total",
    type: "counter",
    help: "Events of the audit trail by output and result; dropped are lost for good, failed are tried again.",
    labels: ["output", "result"],
  },
  loadShed: {
    name: "countersign_load_shed_total",
    type: "counter",
    help: "Requests and connections that were refused because there were too many, by what was too much.",
    labels: ["cause"],
  },
  configInfo: {
    name: "countersign_config_info",
    type: "gauge",
    help: "Always 1; the label tells configurations apart.",
    labels: ["hash"],
  },
  configLastReload: {
    name: "countersign_config_last_reload_timestamp_seconds",
    type: "gauge",
    help: "When the configuration that is in force came into force.",
    labels: [],
  },
  configReloads: {
    name: "countersign_config_reloads_total",
    type: "counter",
    help: "Configurations that were read again, by what became of them.",
    labels: ["result"],
  },
  eventLoopDelay: {
    name: "countersign_event_loop_delay_seconds",
    type: "gauge",
    help: "Median delay of the event loop in the last second; load is shed where it is long. Of several workers the longest.",
    labels: [],
    merge: "largest",
  },
  eventLoopLagP99: {
    name: "nodejs_eventloop_lag_p99_seconds",
    type: "gauge",
    help: "Delay of the event loop in the last second that one in a hundred exceeded. Of several workers the longest.",
    labels: [],
    merge: "largest",
  },
  streams: {
    name: "countersign_open_streams",
    type: "gauge",
    help: "WebSockets and event streams that are open through the proxy and judged again when their token ends.",
    labels: [],
    merge: "sum",
  },
  streamsEnded: {
    name: "countersign_streams_ended_total",
    type: "counter",
    help: "Streams that the proxy ended, by cause.",
    labels: ["cause"],
  },
  workers: {
    name: "countersign_workers",
    type: "gauge",
    help: "Processes that judge requests: serving, and how many there should be.",
    labels: ["state"],
  },
  workerExits: {
    name: "countersign_worker_exits_total",
    type: "counter",
    help: "Workers that ended without having been told to, by how: crashed, killed for being silent, or failed to start.",
    labels: ["cause"],
  },
  overflow: {
    name: "countersign_metrics_overflow_total",
    type: "counter",
    help: "Updates that were counted under _overflow because a metric had too many label values.",
    labels: [],
  },
  cpu: {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "User and system CPU time of all processes of the sidecar.",
    labels: [],
  },
  memory: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of the processes of the sidecar, added up; what they share counts for each.",
    labels: [],
    merge: "sum",
  },
});

export type MetricKey =
  | "validations"
  | "validationDuration"
  | "expiredAge"
  | "signatureDuration"
  | "decisions"
  | "shadowDecisions"
  | "keyFetches"
  | "keyFetchDuration"
  | "keysLastSuccess"
  | "keysUsableUntil"
  | "keysMaxAge"
  | "keySetInfo"
  | "keyInfo"
  | "unknownKeys"
  | "keyLastUsed"
  | "clockSkew"
  | "buildInfo"
  | "introspections"
  | "introspectionDuration"
  | "exchanges"
  | "exchangeDuration"
  | "assertions"
  | "revocationPropagation"
  | "revocationCanary"
  | "revocationFeedConnected"
  | "revocationFeedAge"
  | "revocationEntries"
  | "revocationAppliedPosition"
  | "revocationResyncs"
  | "replayExceptions"
  | "replayStoreLost"
  | "signals"
  | "signalsRefused"
  | "signalPolls"
  | "signalPollLastSuccess"
  | "statusListFetches"
  | "statusListLastSuccess"
  | "statusListsPublished"
  | "statusListPublished"
  | "cacheRequests"
  | "auditEvents"
  | "loadShed"
  | "configInfo"
  | "configLastReload"
  | "configReloads"
  | "eventLoopDelay"
  | "eventLoopLagP99"
  | "streams"
  | "streamsEnded"
  | "workers"
  | "workerExits"
  | "overflow"
  | "cpu"
  | "memory";
