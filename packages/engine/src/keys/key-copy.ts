/** The copy of a remote key set in memory: which keys count, how old it is, when to fetch again. Does no I/O. */

import type { Algorithm } from "../algorithms.ts";
import { boundLifetimeSeconds, refreshAfterMs } from "./cache-policy.ts";
import { backoffMs, LONGEST_RETRY_MS } from "./fetch-budget.ts";
import { adoptKeySet, type KeysInUse, release } from "./hold-back.ts";
import type { ImportedKeySet } from "./imported-key-set.ts";
import type { RemoteKeySettings } from "./remote-settings.ts";

/**
 * "fresh": used as it is. "due": used, and refreshed in the background. "expired": its lifetime is over, so it is
 * used only while the source fails. "none": nothing that may be used.
 */
export type CopyPhase = "fresh" | "due" | "expired" | "none";

export interface CopyOptions {
  readonly settings: RemoteKeySettings;
  readonly algorithms: readonly Algorithm[];
  /** 0..1, for jitter. */
  readonly random: () => number;
}

/** A set that the source gave or confirmed. All times here and below are elapsed milliseconds. */
export interface ConfirmedSet {
  readonly set: ImportedKeySet;
  readonly freshnessSeconds: number | undefined;
  /** When the fetch started: what the source did later cannot be in its answer. */
  readonly startedAt: number;
  /** The fetch's number. */
  readonly sequence: number;
}

export class KeyCopy {
  readonly #options: CopyOptions;
  #inUse: KeysInUse | undefined;
  #confirmedAt = 0;
  #sequence = 0;
  #refreshAt = 0;
  #expiresAt = 0;
  /** End of use that does not depend on failures: of a stored copy, or after an empty answer. */
  #endsAt = Number.POSITIVE_INFINITY;
  #hasEmptyAnswer = false;
  #failures = 0;
  #retryAt = 0;

  constructor(options: CopyOptions) {
    this.#options = options;
  }

  /** The keys that count; undefined where there never were any. */
  get set(): ImportedKeySet | undefined {
    return this.#inUse?.set;
  }

  /** When the fetch started that last confirmed the copy, and its number; 0 for a stored copy. */
  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Failed fetches since the last success. */
  get failures(): number {
    return this.#failures;
  }

  get isHoldingBack(): boolean {
    return this.#inUse !== undefined && (this.#inUse.before !== undefined || this.#hasEmptyAnswer);
  }

  get refreshAt(): number {
    return this.#refreshAt;
  }

  /** Until when the copy may be used if no fetch succeeds again; undefined where there is none. */
  get usableUntil(): number | undefined {
    if (this.#inUse === undefined) return undefined;
    const staleAt = this.#confirmedAt + this.#options.settings.maxStaleSeconds * 1000;
    return Math.min(this.#endsAt, Math.max(this.#expiresAt, staleAt));
  }

  phase(now: number): CopyPhase {
    const end = this.usableUntil;
    if (end === undefined || now >= end) return "none";
    if (now >= this.#expiresAt) return "expired";
    return now >= this.#refreshAt || this.#failures > 0 ? "due" : "fresh";
  }

  /** Milliseconds until the source may be asked again; 0 unless it failed. */
  retryInMs(now: number): number {
    return this.#failures === 0 ? 0 : Math.max(0, this.#retryAt - now);
  }

  /** When something is to be done unasked: a refresh, a retry, or the end of what is held back. */
  get wakeAt(): number {
    const fetchAt = this.#failures > 0 ? this.#retryAt : this.#refreshAt;
    return Math.min(fetchAt, this.#inUse?.heldUntil ?? Number.POSITIVE_INFINITY);
  }

  isFetchDue(now: number): boolean {
    return now >= (this.#failures > 0 ? this.#retryAt : this.#refreshAt);
  }

  /** Takes over a set with usable keys. Tells whether keys of the set before are held back because of it. */
  confirm(
    confirmed: ConfirmedSet,
    now: number,
  ): { readonly lifetimeSeconds: number; readonly suspicious: boolean } {
    const { settings, algorithms, random } = this.#options;
    const graceMs = settings.removalGraceSeconds * 1000;
    // What may no longer be used is not held back either.
    const current = this.phase(now) === "none" ? undefined : this.#inUse;
    const { inUse, suspicious } = adoptKeySet(current, confirmed.set, { now, graceMs, algorithms });
    this.#inUse = inUse;
    this.#confirmedAt = confirmed.startedAt;
    this.#sequence = confirmed.sequence;
    this.#failures = 0;
    this.#hasEmptyAnswer = false;
    this.#endsAt = Number.POSITIVE_INFINITY;
    const bounded = boundLifetimeSeconds(confirmed.freshnessSeconds, settings);
    const recheck = Math.min(settings.minRefreshSeconds, settings.removalGraceSeconds);
    const lifetimeSeconds = suspicious ? Math.min(bounded, recheck) : bounded;
    this.#expiresAt = confirmed.startedAt + lifetimeSeconds * 1000;
    this.#refreshAt = confirmed.startedAt + refreshAfterMs(lifetimeSeconds, random());
    return { lifetimeSeconds, suspicious };
  }

  /** Counts a failed fetch. `retryAfterSeconds` is the source's wish, heard up to a minute. */
  fail(now: number, retryAfterSeconds: number | undefined): void {
    this.#failures++;
    const wishMs = Math.min(LONGEST_RETRY_MS, (retryAfterSeconds ?? 0) * 1000);
    this.#retryAt = now + Math.max(wishMs, backoffMs(this.#failures, this.#options.random()));
  }

  /** An answer without usable keys ends the use of the copy after the grace, unless a good one comes before. */
  endAfterGrace(now: number): void {
    if (this.#hasEmptyAnswer) return;
    this.#hasEmptyAnswer = true;
    this.#endsAt = Math.min(this.#endsAt, now + this.#options.settings.removalGraceSeconds * 1000);
  }

  /** Takes a stored set, confirmed `ageMs` ago. It counts as expired: used only because the source fails. */
  restore(set: ImportedKeySet, { now, ageMs }: { readonly now: number; readonly ageMs: number }): void {
    this.#inUse = release(set);
    this.#confirmedAt = now - ageMs;
    this.#expiresAt = now - ageMs;
  }

  /** Ends what is held back once its grace is over; tells whether it did. */
  releaseHeld(now: number): boolean {
    if (this.#inUse === undefined || this.#inUse.before === undefined || now < this.#inUse.heldUntil)
      return false;
    this.#inUse = release(this.#inUse.fetched);
    return true;
  }
}
