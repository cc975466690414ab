/** For each alert, series with which it fires and series with which it stays quiet, in the notation of promtool. */

/** Selector to values, one sample a minute. */
type Series = Readonly<Record<string, string>>;

export interface AlertScenario {
  readonly alert: string;
  /** When it is looked at. */
  readonly at: string;
  readonly fires: Series;
  /** Absent of what always fires. */
  readonly stays?: Series;
}

const V = (reason: string, fault: string): string =>
  `countersign_validations_total{job="c", issuer="main", reason="${reason}", fault="${fault}"}`;
const OK = V("ok", "none");
const SKEW = 'countersign_clock_skew_seconds{job="c", instance="a", source="main"}';
const FETCHES = (result: string): string =>
  `countersign_jwks_fetches_total{job="c", issuer="main", result="${result}"}`;
const COPY = (name: string): string => `countersign_jwks_${name}{job="c", instance="a", issuer="main"}`;
const SET = (instance: string, hash: string): string =>
  `countersign_jwks_set_info{job="c", instance="${instance}", issuer="main", set_hash="${hash}"}`;
const KEY_STATE = (kid: string, state: string): string =>
  `countersign_key_state{job="idp", issuer="https://idp.example.com/", kid="${kid}", state="${state}"}`;
const ROTATION = (name: string): string => `${name}{job="idp", issuer="https://idp.example.com/"}`;
const INTROSPECTIONS = (result: string): string =>
  `countersign_introspections_total{job="c", issuer="main", result="${result}"}`;
const ASKED = (le: string): string =>
  `countersign_introspection_duration_seconds_bucket{job="c", issuer="main", le="${le}"}`;
const LOST = 'countersign_audit_events_total{job="c", instance="a", output="file", result="dropped"}';
const LISTS = (result: string): string =>
  `countersign_status_list_fetches_total{job="c", issuer="main", result="${result}"}`;
const POLLED = 'countersign_signal_poll_last_success_timestamp_seconds{job="c", instance="a", source="s"}';
const CACHE = (result: string): string =>
  `countersign_cache_requests_total{job="c", cache="token", result="${result}"}`;
const RELOADS = 'countersign_config_reloads_total{job="c", instance="a", result="refused"}';
const CONFIG = (instance: string, hash: string): string =>
  `countersign_config_info{job="c", instance="${instance}", hash="${hash}"}`;
const LAG = 'nodejs_eventloop_lag_p99_seconds{job="c", instance="a"}';

export const ALERT_SCENARIOS: readonly AlertScenario[] = [
  {
    alert: "CountersignSignatureInvalidSpike",
    at: "100m",
    fires: { [V("signature_invalid", "client")]: "0+6x90 546+600x20" },
    stays: { [V("signature_invalid", "client")]: "0+600x110" },
  },
  {
    alert: "CountersignExpiredRateHigh",
    at: "30m",
    fires: { [OK]: "0+60x40", [V("token_expired", "client")]: "0+20x40" },
    stays: { [OK]: "0+60x40", [V("token_expired", "client")]: "0+3x40" },
  },
  {
    alert: "CountersignTokensFromFuture",
    at: "15m",
    fires: { [OK]: "0+60x20", [V("issued_in_future", "client")]: "0+6x20" },
    stays: { [OK]: "0+60x20", [V("issued_in_future", "client")]: "0x20" },
  },
  {
    alert: "CountersignAudienceMismatchSpike",
    at: "25m",
    fires: { [OK]: "0+60x30", [V("audience_mismatch", "client")]: "0+30x30" },
    stays: { [OK]: "0+60x30", [V("audience_mismatch", "client")]: "0+6x30" },
  },
  {
    alert: "CountersignReplayDetected",
    at: "12m",
    fires: { [V("token_replayed", "client")]: "0x10 10x10" },
    stays: { [V("token_replayed", "client")]: "0x10 2x10" },
  },
  {
    alert: "CountersignMalformedFlood",
    at: "15m",
    fires: { [V("malformed_token", "client")]: "0+6000x20" },
    stays: { [V("malformed_token", "client")]: "0+600x20" },
  },
  {
    alert: "CountersignLoadShed",
    at: "10m",
    fires: { 'countersign_load_shed_total{job="c", instance="a", cause="event_loop"}': "0+60x20" },
    stays: { 'countersign_load_shed_total{job="c", instance="a", cause="event_loop"}': "0x20" },
  },
  {
    alert: "CountersignUnknownKid",
    at: "10m",
    fires: {
      [OK]: "0+60x20",
      'countersign_unknown_kid_total{job="c", issuer="main", outcome="refetch_miss"}': "0+30x20",
    },
    stays: {
      [OK]: "0+60x20",
      'countersign_unknown_kid_total{job="c", issuer="main", outcome="refetch_hit"}': "0+30x20",
    },
  },
  {
    // After one fetch the answer about a kid is remembered: most of an outage looks like this.
    alert: "CountersignUnknownKid",
    at: "10m",
    fires: {
      [OK]: "0+60x20",
      'countersign_unknown_kid_total{job="c", issuer="main", outcome="negative_cached"}': "0+30x20",
    },
    stays: {
      [OK]: "0+60x20",
      'countersign_unknown_kid_total{job="c", issuer="main", outcome="negative_cached"}': "0+2x20",
    },
  },
  {
    alert: "CountersignJwksFetchFailing",
    at: "25m",
    fires: { [FETCHES("timeout")]: "0+1x30", [FETCHES("success")]: "0x30" },
    stays: { [FETCHES("timeout")]: "0x30", [FETCHES("success")]: "0+1x30" },
  },
  {
    alert: "CountersignJwksStale",
    at: "20m",
    fires: { [COPY("last_success_timestamp_seconds")]: "0x30", [COPY("max_age_seconds")]: "300x30" },
    stays: { [COPY("last_success_timestamp_seconds")]: "0+60x30", [COPY("max_age_seconds")]: "300x30" },
  },
  {
    alert: "CountersignJwksExpiring",
    at: "25m",
    fires: {
      [COPY("usable_until_timestamp_seconds")]: "1800x30",
      [COPY("last_success_timestamp_seconds")]: "0x30",
      [COPY("max_age_seconds")]: "300x30",
    },
    // A short life of the copy is no fault while fetches succeed.
    stays: {
      [COPY("usable_until_timestamp_seconds")]: "400+60x30",
      [COPY("last_success_timestamp_seconds")]: "0+60x30",
      [COPY("max_age_seconds")]: "300x30",
    },
  },
  {
    alert: "CountersignJwksSplit",
    at: "20m",
    fires: { [SET("a", "1")]: "1x30", [SET("b", "2")]: "1x30" },
    stays: { [SET("a", "1")]: "1x30", [SET("b", "1")]: "1x30" },
  },
  { alert: "CountersignClockSkew", at: "10m", fires: { [SKEW]: "20x20" }, stays: { [SKEW]: "5x20" } },
  {
    alert: "CountersignClockSkewCritical",
    at: "10m",
    fires: { [SKEW]: "-40x20" },
    stays: { [SKEW]: "20x20" },
  },
  {
    // It goes on for a quarter of an hour after the rotation, and no longer.
    alert: "CountersignKeyRotationInProgress",
    at: "20m",
    fires: {
      [KEY_STATE("k2", "active")]: "_x5 1x40",
      [ROTATION("countersign_rotation_in_progress")]: "1x6 0x35",
    },
    stays: {
      [KEY_STATE("k2", "active")]: "_x3 1x40",
      [ROTATION("countersign_rotation_in_progress")]: "1x3 0x35",
    },
  },
  {
    // A step within the hour, or none.
    alert: "CountersignKeyRotationInProgress",
    at: "70m",
    fires: {
      [KEY_STATE("k2", "next")]: "_x15 1x80",
      [ROTATION("countersign_rotation_in_progress")]: "1x80",
    },
    stays: {
      [KEY_STATE("k2", "next")]: "1x80",
      [ROTATION("countersign_rotation_in_progress")]: "1x80",
    },
  },
  {
    alert: "CountersignKeyRotationBlocked",
    at: "70m",
    fires: { 'countersign_rotation_blocked{issuer="i", gate="verifiers"}': "1x80" },
    stays: { 'countersign_rotation_blocked{issuer="i", gate="verifiers"}': "1x30 0x10 1x40" },
  },
  {
    alert: "CountersignKeyRotationOverdue",
    at: "70m",
    fires: { [ROTATION("countersign_key_next_transition_timestamp_seconds")]: "0x80" },
    stays: { [ROTATION("countersign_key_next_transition_timestamp_seconds")]: "7200x80" },
  },
  {
    alert: "CountersignNoStandbyKey",
    at: "20m",
    fires: { [KEY_STATE("k1", "next")]: "0x30", [KEY_STATE("k1", "active")]: "1x30" },
    stays: { [KEY_STATE("k1", "next")]: "0x30", [KEY_STATE("k2", "next")]: "1x30" },
  },
  {
    alert: "CountersignRetiredKeyStillUsed",
    at: "20m",
    fires: {
      [KEY_STATE("k1", "retiring")]: "1x30",
      'countersign_key_last_used_timestamp_seconds{job="c", instance="a", issuer="main", kid="k1"}':
        "0+60x30",
      [ROTATION("countersign_key_next_transition_timestamp_seconds")]: "10x30",
    },
    stays: {
      [KEY_STATE("k1", "retiring")]: "1x30",
      'countersign_key_last_used_timestamp_seconds{job="c", instance="a", issuer="main", kid="k1"}': "0x30",
      [ROTATION("countersign_key_next_transition_timestamp_seconds")]: "10x30",
    },
  },
  {
    alert: "CountersignCannotJudge",
    at: "10m",
    fires: { [OK]: "0+60x20", [V("keys_unavailable", "system")]: "0+30x20" },
    stays: {
      [OK]: "0+60x20",
      [V("keys_unavailable", "system")]: "0x20",
      [V("token_expired", "client")]: "0+60x20",
    },
  },
  {
    alert: "CountersignIntrospectionSlow",
    at: "30m",
    fires: { [ASKED("0.5")]: "0x40", [ASKED("1")]: "0+60x40", [ASKED("+Inf")]: "0+60x40" },
    stays: { [ASKED("0.5")]: "0+60x40", [ASKED("1")]: "0+60x40", [ASKED("+Inf")]: "0+60x40" },
  },
  {
    alert: "CountersignIntrospectionFailing",
    at: "10m",
    fires: { [INTROSPECTIONS("active")]: "0+60x20", [INTROSPECTIONS("timeout")]: "0+30x20" },
    stays: { [INTROSPECTIONS("active")]: "0+60x20", [INTROSPECTIONS("inactive")]: "0+30x20" },
  },
  {
    alert: "CountersignReplayStoreLost",
    at: "5m",
    fires: { 'countersign_replay_store_lost{job="c", instance="a"}': "1x10" },
    stays: { 'countersign_replay_store_lost{job="c", instance="a"}': "0x10" },
  },
  {
    alert: "CountersignStatusListsFailing",
    at: "25m",
    fires: { [LISTS("timeout")]: "0+1x30", [LISTS("success")]: "0x30" },
    stays: { [LISTS("timeout")]: "0x30", [LISTS("success")]: "0+1x30" },
  },
  {
    alert: "CountersignSignalPollStale",
    at: "15m",
    fires: { [POLLED]: "0x20" },
    stays: { [POLLED]: "0+60x20" },
  },
  // A series that comes with its first loss; what was lost long ago.
  { alert: "CountersignAuditLoss", at: "7m", fires: { [LOST]: "_x5 3x10" }, stays: { [LOST]: "3x10" } },
  {
    alert: "CountersignCryptoCpuHigh",
    at: "25m",
    fires: {
      'countersign_signature_verify_duration_seconds_sum{job="c", instance="a", alg="ES256"}': "0+48x30",
    },
    stays: {
      'countersign_signature_verify_duration_seconds_sum{job="c", instance="a", alg="ES256"}': "0+6x30",
    },
  },
  {
    alert: "CountersignEventLoopLag",
    at: "10m",
    fires: { [LAG]: "0.2x20", 'countersign_build_info{job="c", instance="a"}': "1x20" },
    // Another program on Node.
    stays: { [LAG]: "0.2x20" },
  },
  {
    alert: "CountersignCacheHitRateLow",
    at: "60m",
    fires: { [CACHE("hit")]: "0+60x70", [CACHE("miss")]: "0+600x70" },
    stays: { [CACHE("hit")]: "0+600x70", [CACHE("miss")]: "0+60x70" },
  },
  {
    alert: "CountersignConfigurationRefused",
    at: "8m",
    fires: { [RELOADS]: "0x5 1x20" },
    stays: { [RELOADS]: "1x20" },
  },
  {
    alert: "CountersignConfigurationSplit",
    at: "20m",
    fires: { [CONFIG("a", "1")]: "1x30", [CONFIG("b", "2")]: "1x30" },
    stays: { [CONFIG("a", "1")]: "1x30", [CONFIG("b", "1")]: "1x30" },
  },
  {
    alert: "CountersignWorkersDying",
    at: "10m",
    fires: { 'countersign_worker_exits_total{job="c", instance="a", cause="crashed"}': "0+1x20" },
    stays: { 'countersign_worker_exits_total{job="c", instance="a", cause="crashed"}': "0x5 1x20" },
  },
  {
    alert: "CountersignSeriesOverflow",
    at: "10m",
    fires: { 'countersign_metrics_overflow_total{job="c", instance="a"}': "0+5x20" },
    stays: { 'countersign_metrics_overflow_total{job="c", instance="a"}': "5x20" },
  },
  {
    alert: "CountersignTargetDown",
    at: "5m",
    fires: { 'up{job="countersign", instance="a"}': "0x10" },
    stays: { 'up{job="other", instance="a"}': "0x10" },
  },
  {
    alert: "CountersignTargetsMissing",
    at: "10m",
    fires: { 'up{job="other", instance="a"}': "1x20" },
    stays: { 'up{job="countersign", instance="a"}': "0x20" },
  },
  { alert: "CountersignWatchdog", at: "1m", fires: {} },
];
