/** Where revocations are kept: durable, ordered, and followed by every instance. One contract, several stores. */

import type { LiftedRevocation, Revocation, RevocationKind, RevocationStatus } from "countersign";

/** What happened, as instances apply it in order. */
export type FeedChange =
  | { readonly type: "revoked"; readonly revocation: Revocation }
  | { readonly type: "lifted"; readonly lift: RevocationLift; readonly lifted: LiftedRevocation };

export interface FeedRecord {
  /** 1 and on, in order. Records whose revocation expired long ago are missing. */
  readonly position: number;
  /** Random for each record: the same position with another mark is another history. */
  readonly mark: string;
  /** The mark of the record before, also where that is missing by now; "" for the first. */
  readonly previousMark: string;
  /** Undefined where what the store holds is no change in a form that is known here. */
  readonly change: FeedChange | undefined;
}

/** The last record, missing or not; position 0 and mark "" before the first. */
export interface FeedHead {
  readonly position: number;
  readonly mark: string;
}

/** Records and head as of one moment. */
export interface FeedPage {
  readonly records: readonly FeedRecord[];
  readonly head: FeedHead;
  /** How long before it was asked for the page was read from the store. Default 0. */
  readonly ageMs?: number;
}

export interface AppendResult {
  readonly id: string;
  readonly position: number;
  /** "known": the same was appended before. */
  readonly outcome: "added" | "known";
}

export interface RevocationLift {
  /** Of the revocation. */
  readonly id: string;
  /** Who lifts, and why; bounds as for a revocation. */
  readonly actor: string;
  readonly reason: string;
  readonly liftedAtMs: number;
}

export interface LiftResult {
  /** "known": it was lifted before. "unknown": there is none of this id, or it expired. */
  readonly outcome: "lifted" | "known" | "unknown";
  /** Of the record that lifts; undefined where there is none. */
  readonly position: number | undefined;
}

/** Every member that is given has to match exactly. */
export interface RevocationFilter {
  readonly id?: string;
  readonly issuer?: string;
  readonly kind?: RevocationKind;
  readonly value?: string;
  readonly status?: RevocationStatus;
  readonly actor?: string;
}

export interface RevocationQuery {
  readonly filter: RevocationFilter;
  /** Most entries; 1..1000. A page may have fewer and still not be the last. */
  readonly limit: number;
  /** Entries before this position; that of the last page's `next`. Default: from the newest on. */
  readonly before?: number;
}

export interface ListedRevocation {
  readonly revocation: Revocation;
  readonly position: number;
  readonly isLifted: boolean;
}

/** Newest first. */
export interface RevocationListing {
  readonly entries: readonly ListedRevocation[];
  /** For `before`; undefined where there is no more. */
  readonly next: number | undefined;
}

/** All of a method's work is bounded in size and time; what could not be done in time rejects. */
export interface RevocationStore {
  /**
   * Makes revocations durable, all or none. Once it resolves they outlive the crash of any process. Repeating it is
   * harmless, and is what to do when it rejects with `StoreUnavailableError`: whether they are stored is unknown then.
   *
   * @throws RangeError where one is malformed, or there are more than `MAX_APPENDED`.
   * @throws RevocationConflictError where an id stands for something else already.
   * @throws RevocationLimitError where one target has too many.
   */
  append(revocations: readonly Revocation[]): Promise<readonly AppendResult[]>;
  /** Takes one revocation back; others of the same target stay in force. Repeating it is harmless. */
  lift(lift: RevocationLift): Promise<LiftResult>;
  /** The records after a position, in order. A snapshot is all of them from 0. */
  read(query: { readonly after: number; readonly limit: number }): Promise<FeedPage>;
  /**
   * Resolves when there may be records after the position, at the latest when the time is over or `signal` aborts. Where
   * they came with the news they are given, and need not be read; as with `read`, fewer than `limit` are all there are.
   */
  waitForChange(query: ChangeQuery): Promise<FeedPage | undefined>;
  list(query: RevocationQuery): Promise<RevocationListing>;
  /** Forgets at most `limit` records whose revocation expired more than `RETENTION_MS` ago; says how many went. */
  expire(limit: number): Promise<number>;
  /** Idempotent. Whatever is under way rejects. */
  close(): Promise<void>;
}

export interface ChangeQuery {
  readonly after: number;
  /** Most records that may come with the news. Default none are wanted. */
  readonly limit?: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Most revocations in one `append`. */
export const MAX_APPENDED = 500;

/** Most records or entries in a page. */
export const MAX_PAGE = 1000;

/** Most revocations of one target and status that are in force at a time. */
export const MAX_PER_TARGET = 1000;

/**
 * How long a record outlives its revocation. An instance that stood still for longer reads the whole feed again,
 * since it cannot tell what it missed from what expired.
 */
export const RETENTION_MS = 3_600_000;

/** The store gave no usable answer in time; asking again may help. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

/** An id is taken by a revocation of something else, or until another time. */
export class RevocationConflictError extends Error {
  override readonly name = "RevocationConflictError";
}

export class RevocationLimitError extends Error {
  override readonly name = "RevocationLimitError";
}
