import type { EngineEvent, KeysFetchResult, ReasonName } from "countersign";
import { REASONS } from "countersign";

import type { DecisionSample } from "./decision-counter.ts";
import { createDecisionCounter } from "./decision-counter.ts";
import { createEngineObserver } from "./engine-metrics.ts";
import type { EventLoopLoad } from "./event-loop-delay.ts";
import { KeySightings } from "./key-sightings.ts";
import { MetricFamily } from "./metric-family.ts";
import type { MetricReport } from "./metric-report.ts";
import { takeReport, WorkerGauges } from "./metric-report.ts";
import type { MetricKey } from "./metrics-table.ts";
import { METRICS } from "./metrics-table.ts";
import { type MetricsFormat, renderMetrics } from "./render-metrics.ts";
import { createReplayMetrics, type ReplayMetrics } from "./replay-metrics.ts";
import { createSignalMetrics, type SignalMetrics } from "./signal-metrics.ts";

/** Label of what cannot be told to belong to a configured issuer. */
const UNTRUSTED_ISSUER = "_untrusted";

/** What a requirement in shadow would have done. */
export interface ShadowSample {
  /** From configuration. */
  readonly policy: string;
  readonly would: "allowed" | "refused" | "failed";
  readonly reason: ReasonName | "ok";
}

/** One question to an issuer about a token. */
export interface IntrospectionSample {
  /** Alias. */
  readonly issuer: string;
  readonly result: IntrospectionResult;
  readonly durationMs: number;
}

/** What came of it; the other than the first two say why there is no answer. */
export type IntrospectionResult =
  | "active"
  | "inactive"
  | "timeout"
  | "network_error"
  | "http_error"
  | "auth_error"
  | "bad_answer"
  | "breaker_open"
  | "overloaded";

/** One exchange of a token for an upstream. */
export interface ExchangeSample {
  /** From configuration. */
  readonly exchange: string;
  readonly result: ExchangeResult;
  readonly durationMs: number;
}

/** What came of it: as with introspection, but for the first two. */
export type ExchangeResult = "exchanged" | "refused" | Exclude<IntrospectionResult, "active" | "inactive">;

/** What came of an identity that was to be signed. */
export type AssertionResult = "signed" | "failed";

/** The issuers of a configuration, by alias. */
export interface MeteredIssuers {
  readonly issuers: readonly string[];
  /** Those whose keys are fetched. */
  readonly remoteIssuers: readonly string[];
  /** Those that are asked about their tokens. Default none. */
  readonly introspectedIssuers?: readonly string[];
  /** Names of exchanges. Default none. */
  readonly exchanges?: readonly string[];
  /** Whether identities are signed. Default false. */
  readonly signsAssertions?: boolean;
}

/** What is told of an issuer's keys: never their material. */
export interface KeysInUse {
  /** The same for the same keys. */
  readonly hash: string;
  readonly keys: readonly { readonly keyId: string | null; readonly algorithm: string | null }[];
}

const MAX_TOLD_KEYS = 16;

/** How a process stands to the feed of revocations. */
export interface RevocationState {
  readonly isConnected: boolean;
  /** Infinity before it was complete for the first time. */
  readonly ageSeconds: number;
  readonly entries: number;
}

/** What was too much where load is shed. */
export type ShedCause = "event_loop" | "concurrency" | "connections";

/** What became of a configuration that was read again. */
export type ReloadResult = "applied" | "unchanged" | "refused";

/** How a worker ended without having been told to. */
export type WorkerExit = "crashed" | "silent" | "failed";

/** What is remembered; "token": signatures that were verified before. */
export type CacheName = "token" | "introspection" | "exchange" | "assertion";

export type CacheResult = "hit" | "miss";

/** Why the proxy ended a stream. */
export type StreamEnd = "expired" | "refused" | "shutdown";

export interface Metrics extends SignalMetrics, ReplayMetrics {
  /** A configuration came into force. Series of issuers that are gone end. */
  configure(setup: MeteredIssuers & { readonly hash: string }): void;
  recordReload(result: ReloadResult): void;
  recordShed(cause: ShedCause): void;
  /** What became of events of the audit trail at an output. 0 makes the series exist. */
  countAudit(output: string, result: string, count: number): void;
  setLoad(load: Pick<EventLoopLoad, "eventLoopDelayMs"> & Partial<EventLoopLoad>): void;
  setStreams(count: number): void;
  recordStreamEnd(cause: StreamEnd): void;
  recordDecision(sample: DecisionSample): void;
  recordShadow(sample: ShadowSample): void;
  recordIntrospection(sample: IntrospectionSample): void;
  recordExchange(sample: ExchangeSample): void;
  recordAssertion(result: AssertionResult): void;
  recordCache(cache: CacheName, result: CacheResult): void;
  setRevocations(state: RevocationState): void;
  /** Of this instance, all of its processes together. */
  setAppliedPosition(position: number): void;
  recordPropagation(transport: "push" | "poll", delayMs: number): void;
  recordResync(cause: string): void;
  /** When a canary that was seen was issued, in milliseconds since the epoch. */
  setCanary(issuedAtMs: number): void;
  /** What `observe` and the reports of workers told of issuers' keys. */
  readonly keySightings: KeySightings;
  /** The keys of an issuer that are in use now. */
  setKeys(issuer: string, keys: KeysInUse): void;
  /** For `ValidatorOptions.observer`. */
  observe(event: EngineEvent): void;
  /** Default the Prometheus text format. */
  render(format?: MetricsFormat): string;
  /** Of a worker: what to tell the process that is asked for metrics. What is taken is no longer here. */
  takeReport(): MetricReport;
  /** Adds what a worker told. What it counted stays when it ends. */
  addReport(worker: number, report: MetricReport): void;
  forgetWorker(worker: number): void;
  setWorkers(counts: { readonly serving: number; readonly wanted: number }): void;
  recordWorkerExit(cause: WorkerExit): void;
}

/** All of them: the first failure of a kind has to be seen as an increase. */
const FETCH_RESULTS: Readonly<Record<KeysFetchResult, true>> = {
  success: true,
  not_modified: true,
  timeout: true,
  dns: true,
  connect: true,
  tls: true,
  http_4xx: true,
  http_5xx: true,
  redirect: true,
  too_large: true,
  parse: true,
  empty: true,
  issuer_mismatch: true,
};
const SHED_CAUSES: readonly ShedCause[] = ["event_loop", "concurrency", "connections"];
const RELOAD_RESULTS: readonly ReloadResult[] = ["applied", "unchanged", "refused"];
const CACHE_RESULTS: readonly CacheResult[] = ["hit", "miss"];
const ENDPOINT_FAULTS = [
  "timeout",
  "network_error",
  "http_error",
  "auth_error",
  "bad_answer",
  "breaker_open",
  "overloaded",
] as const;
const INTROSPECTION_RESULTS: readonly IntrospectionResult[] = ["active", "inactive", ...ENDPOINT_FAULTS];
const EXCHANGE_RESULTS: readonly ExchangeResult[] = ["exchanged", "refused", ...ENDPOINT_FAULTS];
const STREAM_ENDS: readonly StreamEnd[] = ["expired", "refused", "shutdown"];
const WORKER_EXITS: readonly WorkerExit[] = ["crashed", "silent", "failed"];
const UNKNOWN_KEY_OUTCOMES = ["refetch_hit", "refetch_miss", "cooldown", "negative_cached"] as const;

/** Creates the metrics of one sidecar; `configure` makes the series of its issuers. */
export function createMetrics(setup: { readonly version: string; readonly clock: () => number }): Metrics {
  const families = createFamilies();
  families.buildInfo.set([setup.version, process.version], 1);
  initializeAlways(families);
  const gauges = new WorkerGauges();
  const keySightings = new KeySightings();
  const observeEngine = createEngineObserver(families, setup.clock);
  const sample = createSampler(families);
  const countDecision = createDecisionCounter(families);
  let known: ReadonlySet<string> = new Set([UNTRUSTED_ISSUER]);
  let hashInForce: string | undefined;
  return {
    configure({ hash, ...issuers }) {
      const next = new Set([...issuers.issuers, UNTRUSTED_ISSUER]);
      for (const issuer of known) if (!next.has(issuer)) forgetIssuer(families, issuer);
      known = next;
      initialize(families, issuers);
      if (hashInForce !== undefined) families.configInfo.forget(hashInForce);
      hashInForce = hash;
      families.configInfo.set([hash], 1);
      families.configLastReload.set([], setup.clock() / 1000);
    },
    recordReload: (result) => families.configReloads.add([result]),
    countAudit: (output, result, count) => families.auditEvents.add([output, result], count),
    recordShed: (cause) => families.loadShed.add([cause]),
    setLoad({ eventLoopDelayMs, eventLoopLagP99Ms }) {
      families.eventLoopDelay.set([], eventLoopDelayMs / 1000);
      if (eventLoopLagP99Ms !== undefined) families.eventLoopLagP99.set([], eventLoopLagP99Ms / 1000);
    },
    setStreams: (count) => families.streams.set([], count),
    recordStreamEnd: (cause) => families.streamsEnded.add([cause]),
    recordDecision(sample) {
      const { issuer = UNTRUSTED_ISSUER } = sample.validation ?? {};
      countDecision(sample, known.has(issuer) ? issuer : UNTRUSTED_ISSUER);
    },
    recordIntrospection({ issuer, result, durationMs }) {
      const name = known.has(issuer) ? issuer : UNTRUSTED_ISSUER;
      families.introspections.add([name, result]);
      families.introspectionDuration.observe([name], durationMs / 1000);
    },
    recordExchange({ exchange, result, durationMs }) {
      families.exchanges.add([exchange, result]);
      families.exchangeDuration.observe([exchange], durationMs / 1000);
    },
    recordAssertion: (result) => families.assertions.add([result]),
    recordCache: (cache, result) => families.cacheRequests.add([cache, result]),
    ...createRevocationMetrics(families),
    ...createSignalMetrics(families, setup.clock),
    ...createReplayMetrics(families),
    recordShadow: ({ policy, would, reason }) => families.shadowDecisions.add([policy, would, reason]),
    keySightings,
    setKeys: (issuer, keys) => setKeys(families, issuer, keys),
    observe(event) {
      keySightings.observe(event, setup.clock());
      observeEngine(event);
    },
    render(format) {
      sample();
      showKeyUses(families.keyLastUsed, { keySightings, known });
      gauges.merge(families, { memory: process.memoryUsage.rss() });
      return renderMetrics(Object.values(families), format);
    },
    ...createReportMetrics(families, { sample, gauges, keySightings }),
    setWorkers({ serving, wanted }) {
      families.workers.set(["serving"], serving);
      families.workers.set(["wanted"], wanted);
    },
    recordWorkerExit: (cause) => families.workerExits.add([cause]),
  };
}

/** Of what every sidecar has. */
function initializeAlways(families: Families): void {
  for (const result of CACHE_RESULTS) families.cacheRequests.initialize("token", result);
  for (const cause of SHED_CAUSES) families.loadShed.initialize(cause);
  for (const result of RELOAD_RESULTS) families.configReloads.initialize(result);
  for (const cause of STREAM_ENDS) families.streamsEnded.initialize(cause);
  for (const cause of WORKER_EXITS) families.workerExits.initialize(cause);
}

type ReportMetrics = Pick<Metrics, "takeReport" | "addReport" | "forgetWorker">;

function createReportMetrics(
  families: Families,
  parts: {
    readonly sample: () => void;
    readonly gauges: WorkerGauges;
    readonly keySightings: KeySightings;
  },
): ReportMetrics {
  const { sample, gauges, keySightings } = parts;
  return {
    takeReport() {
      sample();
      families.memory.set([], process.memoryUsage.rss());
      return { ...takeReport(families), keyUses: keySightings.takeUses() };
    },
    addReport(worker, report) {
      for (const [key, change] of report.changes) families[key].addChange(change);
      gauges.set(worker, report);
      keySightings.addUses(report.keyUses);
    },
    forgetWorker: (worker) => gauges.forget(worker),
  };
}

/** Of the issuers in force, and of no key that was forgotten. */
function showKeyUses(
  family: MetricFamily,
  { keySightings, known }: { readonly keySightings: KeySightings; readonly known: ReadonlySet<string> },
): void {
  for (const { labels } of family.cells) family.forget(...labels);
  for (const { issuer, keyId, atMs } of keySightings.uses()) {
    if (known.has(issuer)) family.set([issuer, keyId], atMs / 1000);
  }
}

type RevocationMetrics = Pick<
  Metrics,
  "setRevocations" | "setAppliedPosition" | "recordPropagation" | "recordResync" | "setCanary"
>;

function createRevocationMetrics(families: Families): RevocationMetrics {
  let newestCanaryMs = 0;
  return {
    setRevocations({ isConnected, ageSeconds, entries }) {
      families.revocationFeedConnected.set([], isConnected ? 1 : 0);
      families.revocationFeedAge.set([], ageSeconds);
      families.revocationEntries.set([], entries);
    },
    setAppliedPosition: (position) => families.revocationAppliedPosition.set([], position),
    recordPropagation: (transport, delayMs) =>
      families.revocationPropagation.observe([transport], delayMs / 1000),
    recordResync: (cause) => families.revocationResyncs.add([cause]),
    setCanary(issuedAtMs) {
      newestCanaryMs = Math.max(newestCanaryMs, issuedAtMs);
      families.revocationCanary.set([], newestCanaryMs / 1000);
    },
  };
}

/** Adds what has come up since the last time, so that it can be added to what other processes have. */
function createSampler(families: Families): () => void {
  let cpuSeconds = 0;
  let overflows = 0;
  return () => {
    const { user, system } = process.cpuUsage();
    families.cpu.add([], (user + system) / 1e6 - cpuSeconds);
    cpuSeconds = (user + system) / 1e6;
    const overflowed = Object.values(families).reduce((sum, family) => sum + family.overflowed, 0);
    families.overflow.add([], overflowed - overflows);
    overflows = overflowed;
  };
}

type Families = Readonly<Record<MetricKey, MetricFamily>>;

function createFamilies(): Families {
  const entries = Object.entries(METRICS).map(
    ([key, definition]) => [key, new MetricFamily(definition)] as const,
  );
  return Object.fromEntries(entries) as Record<MetricKey, MetricFamily>;
}

function initialize(families: Families, setup: MeteredIssuers): void {
  for (const issuer of setup.issuers) families.validations.initialize(issuer, "ok", "none");
  for (const [reason, { fault, stage }] of Object.entries(REASONS)) {
    // What is found before the issuer is known never carries an issuer's name.
    const issuers = stage === "request" || reason === "issuer_untrusted" ? [] : setup.issuers;
    for (const issuer of [...issuers, UNTRUSTED_ISSUER])
      families.validations.initialize(issuer, reason, fault);
  }
  for (const issuer of setup.introspectedIssuers ?? []) {
    for (const result of INTROSPECTION_RESULTS) families.introspections.initialize(issuer, result);
    for (const result of CACHE_RESULTS) families.cacheRequests.initialize("introspection", result);
  }
  for (const exchange of setup.exchanges ?? []) {
    for (const result of EXCHANGE_RESULTS) families.exchanges.initialize(exchange, result);
    for (const result of CACHE_RESULTS) families.cacheRequests.initialize("exchange", result);
  }
  if (setup.signsAssertions === true) {
    for (const result of ["signed", "failed"] as const) families.assertions.initialize(result);
    for (const result of CACHE_RESULTS) families.cacheRequests.initialize("assertion", result);
  }
  for (const issuer of setup.remoteIssuers) {
    for (const result of Object.keys(FETCH_RESULTS)) families.keyFetches.initialize(issuer, result);
    for (const outcome of UNKNOWN_KEY_OUTCOMES) families.unknownKeys.initialize(issuer, outcome);
  }
}

function setKeys(families: Families, issuer: string, { hash, keys }: KeysInUse): void {
  forgetKeys(families, issuer);
  families.keySetInfo.set([issuer, hash], 1);
  for (const { keyId, algorithm } of keys.slice(0, MAX_TOLD_KEYS)) {
    families.keyInfo.set([issuer, keyId ?? "", algorithm ?? ""], 1);
  }
}

function forgetKeys({ keySetInfo, keyInfo }: Families, issuer: string): void {
  for (const family of [keySetInfo, keyInfo]) {
    for (const { labels } of family.cells) if (labels[0] === issuer) family.forget(...labels);
  }
}

/** Gauges only: a counter that ends would hide what it has counted, and an age of nothing would page. */
function forgetIssuer(families: Families, issuer: string): void {
  forgetKeys(families, issuer);
  for (const key of [
    "keysLastSuccess",
    "keysUsableUntil",
    "keysMaxAge",
    "clockSkew",
    "statusListLastSuccess",
  ] as const) {
    families[key].forget(issuer);
  }
}
