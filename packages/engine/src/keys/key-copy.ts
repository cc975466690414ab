/**
 * The copy of a remote key set in memory: which keys count, how old it is, when to fetch again. Does no I/O.
 *
 * Keeps a good set of keys from being lost to a bad moment of its publisher: where a new set lacks more than
 * half of the keys in use, its own keys count at once, and the missing ones go on counting for a bounded time.
 */

import type { Algorithm } from "../algorithms.ts";
import { boundLifetimeSeconds, refreshAfterMs } from "./cache-policy.ts";
import { addHeldKeys, countNames, listMissingKeys } from "./held-keys.ts";
import type { ImportedKeySet } from "./imported-key-set.ts";
import type { CopyState, RemoteKeySettings } from "./remote-options.ts";

export interface CopyOptions {
  readonly settings: RemoteKeySettings;
  readonly algorithms: readonly Algorithm[];
  /** 0..1, for jitter. */
  readonly random: () => number;
}

/** A set that the source gave or confirmed. All times here and below are elapsed milliseconds. */
export interface ConfirmedSet {
  readonly set: ImportedKeySet;
  /** The document that the set was made of. */
  readonly text: string;
  readonly freshnessSeconds: number | undefined;
  /** When the fetch started: what the source did later cannot be in its answer. */
  readonly startedAt: number;
  /** The fetch's number. */
  readonly sequence: number;
}

/** A set and the document that it was made of. */
type KeyDocument = Pick<ConfirmedSet, "set" | "text">;

/** The keys that verify now. */
interface KeysInUse {
  /** The last set that was fetched, and what is held back of the one before. */
  readonly set: ImportedKeySet;
  readonly fetched: KeyDocument;
  /** The set from before the suspicious one; undefined where nothing is held back. */
  readonly before?: KeyDocument | undefined;
  /** When what is held back stops counting, whatever the source does until then. */
  readonly heldUntil: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const FIRST_RETRY_MS = 1000;
/** Longest time between two attempts at a source that fails, also where its `Retry-After` asks for more. */
const LONGEST_RETRY_MS = 60_000;

export class KeyCopy implements CopyState {
  readonly #options: CopyOptions;
  #inUse: KeysInUse | undefined;
  #confirmedAt = 0;
  #sequence = 0;
  #expiresAt = 0;
  /** When the source is to be asked again; while it fails, not before. */
  #fetchAt = 0;
  /** End of use that does not depend on failures: of a stored copy, or after an empty answer. */
  #endsAt = NEVER;
  #failures = 0;

  constructor(options: CopyOptions) {
    this.#options = options;
  }

  /** The keys that count; undefined where there never were any. */
  get set(): ImportedKeySet | undefined {
    return this.#inUse?.set;
  }

  get documents(): readonly string[] {
    return [this.#inUse?.fetched, this.#inUse?.before].flatMap((document) => document?.text ?? []);
  }

  get heldUntil(): number | undefined {
    return this.#inUse?.before && this.#inUse.heldUntil;
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Number of the fetch that last confirmed the copy; 0 for a stored copy. */
  get sequence(): number {
    return this.#sequence;
  }

  get isHoldingBack(): boolean {
    return this.#inUse !== undefined && (this.#inUse.before !== undefined || this.#endsAt < NEVER);
  }

  get usableUntil(): number | undefined {
    if (this.#inUse === undefined) return undefined;
    const staleAt = this.#confirmedAt + this.#options.settings.maxStaleSeconds * 1000;
    return Math.min(this.#endsAt, Math.max(this.#expiresAt, staleAt));
  }

  /** Whether there are keys that may be used. */
  isUsable(now: number): boolean {
    return now < (this.usableUntil ?? 0);
  }

  /** Whether memory answers: an expired copy only while the source fails, or else it would never be seen to be outdated. */
  isServing(now: number): boolean {
    return this.isUsable(now) && (now < this.#expiresAt || this.isFailing);
  }

  /** Whether a fetch that started in the last cooldown confirmed the copy. */
  isRecent(now: number): boolean {
    return now < this.recentUntil;
  }

  get recentUntil(): number {
    return this.#confirmedAt + this.#options.settings.cooldownSeconds * 1000;
  }

  /** Milliseconds until the source may be asked again; 0 unless it failed. */
  retryInMs(now: number): number {
    return this.#failures === 0 ? 0 : Math.max(0, this.#fetchAt - now);
  }

  isFetchDue(now: number): boolean {
    return now >= this.#fetchAt;
  }

  /** When something is to be done unasked: a refresh, a retry, or the end of what is held back. */
  get wakeAt(): number {
    return Math.min(this.#fetchAt, this.#inUse?.heldUntil ?? NEVER);
  }

  /** Takes over a set with usable keys. Tells whether keys of the set before are held back because of it. */
  confirm(
    { set, text, freshnessSeconds, startedAt, sequence }: ConfirmedSet,
    now: number,
  ): { readonly lifetimeSeconds: number; readonly isSuspicious: boolean } {
    const { settings, random } = this.#options;
    const { minRefreshSeconds, removalGraceSeconds } = settings;
    const isSuspicious = this.#adopt({ set, text }, now);
    this.#confirmedAt = startedAt;
    this.#sequence = sequence;
    this.#failures = 0;
    this.#endsAt = NEVER;
    const lifetimeSeconds = Math.min(
      boundLifetimeSeconds(freshnessSeconds, settings),
      // What is doubtful is looked at again soon.
      isSuspicious ? Math.min(minRefreshSeconds, removalGraceSeconds) : NEVER,
    );
    this.#expiresAt = startedAt + lifetimeSeconds * 1000;
    this.#fetchAt = startedAt + refreshAfterMs(lifetimeSeconds, random());
    return { lifetimeSeconds, isSuspicious };
  }

  #adopt(fetched: KeyDocument, now: number): boolean {
    const { settings, algorithms } = this.#options;
    // What may no longer be used is not held back either.
    const current = this.isUsable(now) ? this.#inUse : undefined;
    const before = current?.before ?? current?.fetched;
    const heldUntil =
      current?.before === undefined ? now + settings.removalGraceSeconds * 1000 : current.heldUntil;
    const missing = listMissingKeys(fetched.set, before?.set);
    const isSuspicious = now < heldUntil && countNames(missing) * 2 > countNames(before?.set.keys ?? missing);
    this.#inUse = isSuspicious
      ? { set: addHeldKeys(fetched.set, { missing, algorithms }), fetched, before, heldUntil }
      : release(fetched);
    return isSuspicious;
  }

  /**
   * Counts a failed fetch; the next is due after a time that doubles from 1 s to 60 s. Its last quarter is random, so
   * that instances that failed together do not return together. `retryAfterSeconds` is the source's wish, heard up to
   * a minute.
   */
  fail(now: number, retryAfterSeconds: number = 0): void {
    const fullMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    const backoffMs = Math.max(FIRST_RETRY_MS, Math.round(fullMs * (1 - this.#options.random() / 4)));
    this.#fetchAt = now + Math.max(backoffMs, Math.min(LONGEST_RETRY_MS, retryAfterSeconds * 1000));
  }

  /** An answer without usable keys ends the use of the copy after the grace, unless a good one comes before. */
  endAfterGrace(now: number): void {
    this.#endsAt = Math.min(this.#endsAt, now + this.#options.settings.removalGraceSeconds * 1000);
  }

  /** Takes a stored set, confirmed `ageMs` ago. It counts as expired: used only because the source fails. */
  restore(stored: KeyDocument, { now, ageMs }: { readonly now: number; readonly ageMs: number }): void {
    this.#inUse = release(stored);
    this.#confirmedAt = now - ageMs;
    this.#expiresAt = now - ageMs;
  }

  /** Ends what is held back once its grace is over; tells whether it did. */
  releaseHeld(now: number): boolean {
    if (this.#inUse === undefined || now < this.#inUse.heldUntil) return false;
    this.#inUse = release(this.#inUse.fetched);
    return true;
  }
}

/** The keys in use where nothing is held back. */
function release(fetched: KeyDocument): KeysInUse {
  return { set: fetched.set, fetched, heldUntil: NEVER };
}
