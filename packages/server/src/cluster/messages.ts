/**
 * What the primary and its workers tell each other: one row for each topic, with what is sent and what is answered.
 * Everything is plain data, and bounded by whoever makes it; one more kind of message is one more row.
 */

import type { ConfigurationProblem } from "countersign";
import type {
  KeyAnswer,
  KeyQuestion,
  SharedKeys,
  SharedStatusList,
  StatusListQuestion,
} from "countersign/sharing";

import type { CanaryVerdict } from "../admin/held-keys.ts";
import type { PublishedKeySet } from "../assertion/assertion-keys.ts";
import type { AssertionRequest, SignedAssertion } from "../assertion/sign-assertion.ts";
import type { AuditDraft } from "../audit/audit-event.ts";
import type { Configuration } from "../config/configuration.ts";
import type { DecisionEvent } from "../decision/decision-event.ts";
import type { ServerAddresses } from "../running-server.ts";
import type { FeedPage } from "../stores/revocation-store.ts";
import type { MetricReport } from "../telemetry/metric-report.ts";

export interface Topic<Body, Answer = undefined> {
  readonly body: Body;
  /** Of what is asked, not of what is only told. */
  readonly answer: Answer;
}

/** A configuration for a worker to make ready. No longer than a configuration file and the keys of its issuers. */
export interface Preparation {
  /** Names the configuration among those of this primary. */
  readonly version: number;
  /** With the addresses that the primary has chosen. */
  readonly configuration: Configuration;
  /** Names the publisher of the keys; configurations with the same issuers have the same. */
  readonly keysId: number;
  /** By the issuer's alias. */
  readonly keys: readonly (readonly [string, SharedKeys])[];
  /** Whether somebody watches decisions. */
  readonly tellsDecisions: boolean;
}

/** Either ready, or refused with the reasons; nothing has changed then. */
export interface PreparationOutcome {
  readonly problems: readonly ConfigurationProblem[];
}

/** A failure, in words that survive a channel. */
export interface ToldFailure {
  readonly message: string;
  /** Of the system, such as EADDRINUSE. */
  readonly code: string | undefined;
}

/** A line of the log; errors in it are plain objects. */
export interface ToldLine {
  readonly level: "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A first use of a DPoP proof, or of a token for one use. */
export interface UseToRecord {
  /** A hash, or as long as the longest issuer and token id. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** "unknown" where the store cannot say: then nobody may pass. */
export type UseAnswer = "first" | "seen" | "unknown";

/** A version of an issuer's keys, as a worker judges with them. */
export interface KeysInForce {
  readonly keysId: number;
  /** Alias. */
  readonly issuer: string;
  readonly version: number;
}

/** What the primary says to a worker. */
export interface WorkerTopics {
  /** Makes a configuration ready, keys and listeners; the one in force goes on. */
  readonly prepare: Topic<Preparation, PreparationOutcome>;
  /** Brings what is ready into force; the first opens the listeners. */
  readonly commit: Topic<{ readonly version: number }, ServerAddresses>;
  /** Forgets what is ready. */
  readonly discard: Topic<{ readonly version: number }>;
  /** An issuer's keys have changed. Of several that wait to be sent the last is. */
  readonly keys: Topic<{ readonly keysId: number; readonly issuer: string; readonly keys: SharedKeys }>;
  /** Which keys the worker judges with; what it has counted of them is reported before. */
  readonly readKeys: Topic<Readonly<Record<string, never>>, readonly KeysInForce[]>;
  /** Whether it would accept a token that nobody presents. */
  readonly judgeCanary: Topic<{ readonly token: string }, CanaryVerdict>;
  /** Asks for a report now. */
  readonly collect: Topic<{ readonly collection: number }>;
  /** Stops accepting, lets what is in flight finish, and answers when all has ended. */
  readonly stop: Topic<Readonly<Record<string, never>>>;
}

/** What a worker says to the primary. */
export interface PrimaryTopics {
  /** It has started and listens to the channel. */
  readonly hello: Topic<Readonly<Record<string, never>>>;
  /** It accepts no more; answered once no worker that stops does. */
  readonly closed: Topic<Readonly<Record<string, never>>>;
  /** Whether there are other keys than those that it has. */
  readonly askKeys: Topic<{ readonly keysId: number; readonly question: KeyQuestion }, readonly KeyAnswer[]>;
  /** A status list: fetched once for all workers. */
  readonly askStatusList: Topic<
    { readonly keysId: number; readonly question: StatusListQuestion },
    SharedStatusList | undefined
  >;
  /** Who came first, among all workers. */
  readonly recordUses: Topic<{ readonly uses: readonly UseToRecord[] }, readonly UseAnswer[]>;
  /** Assertions to be signed, and the signed ones in turn: null where that cannot be done. */
  readonly signAssertions: Topic<
    { readonly requests: readonly AssertionRequest[] },
    readonly (SignedAssertion | null)[]
  >;
  /** The public keys of assertions. */
  readonly readAssertionKeys: Topic<Readonly<Record<string, never>>, PublishedKeySet | undefined>;
  /** A page of the feed of revocations: of what the primary keeps, or of the store. */
  readonly readFeed: Topic<{ readonly after: number; readonly limit: number }, FeedPage>;
  /** Everything up to `after` is applied; answered when there is more, or the time is over. */
  readonly awaitFeed: Topic<{ readonly after: number; readonly timeoutMs: number }>;
  /** What was counted since the last; also the sign of life. */
  readonly report: Topic<{ readonly report: MetricReport; readonly collection: number | undefined }>;
  /** Decisions for whoever watches, and how many there was no room for. */
  readonly decisions: Topic<{ readonly events: readonly DecisionEvent[]; readonly dropped: number }>;
  /** Events of the audit trail, and how many there was no room for. */
  readonly audit: Topic<{ readonly drafts: readonly AuditDraft[]; readonly lost: number }>;
  readonly log: Topic<ToldLine>;
}
