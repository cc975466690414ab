/** Keeps the copy of one issuer's keys up to date: one fetch at a time, what its answer does, and when to fetch again. */

import type { EngineEvent, KeySummary } from "../ports.ts";
import { ElapsedTime } from "./elapsed-time.ts";
import { type FetchFailure, failFetch, nameFetchFailure } from "./fetch-failure.ts";
import type { ImportedKeySet } from "./imported-key-set.ts";
import { KeyCopy } from "./key-copy.ts";
import { type FetchedKeys, importText, KeyFetcher } from "./key-fetcher.ts";
import type { VerificationKey } from "./key-source.ts";
import { type StoredKeySet, StoreKeeper } from "./key-store-keeper.ts";
import type { RemoteKeySetOptions } from "./remote-options.ts";
import { settleWithin } from "./settle-within.ts";

/** What a fetch may take beyond its timeout: reading the store, importing the keys. */
export const SLACK_MS = 1000;
const STORE_WAIT_MS = 500;
const CLOSE_WAIT_MS = 2000;
const LONGEST_DELAY_MS = 2 ** 31 - 1;
// Where the injected clock stands still or runs slow, waking must not become a busy loop.
const SHORTEST_DELAY_MS = 1000;

type Unnamed<Event> = Event extends unknown ? Omit<Event, "issuer"> : never;
type FetchEvent = Extract<EngineEvent, { type: "keys_fetch_finished" }>;

/** A fetch under way that many callers share. */
interface Flight {
  /** Elapsed milliseconds. */
  readonly startedAt: number;
  readonly controller: AbortController;
}

export class KeyRefresher {
  readonly copy: KeyCopy;
  readonly #options: RemoteKeySetOptions;
  readonly #elapsed: ElapsedTime;
  readonly #fetcher: KeyFetcher;
  readonly #keeper: StoreKeeper | undefined;
  #flight: Flight | undefined;
  /** Never rejects. May never settle where the runtime froze the request that started the flight. */
  #done: Promise<void> | undefined;
  #flights = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #lastFailure: FetchFailure | undefined;

  /** @throws TypeError where the configured URL cannot be fetched from. */
  constructor(options: RemoteKeySetOptions) {
    const { settings, clock, store, random = Math.random } = options;
    this.#options = options;
    this.#fetcher = new KeyFetcher(options);
    this.#elapsed = new ElapsedTime(clock);
    this.copy = new KeyCopy({ ...options, random });
    const report = (operation: "read" | "write", detail: string): void =>
      this.tell({ type: "keys_store_failed", operation, detail });
    this.#keeper = store && new StoreKeeper({ ...options, store, maxBytes: settings.maxBytes, report });
  }

  /** Elapsed milliseconds. */
  now(): number {
    return this.#elapsed.now();
  }

  /** Fetches started. */
  get flights(): number {
    return this.#flights;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The end of the fetch under way, if there is one. Never rejects; may never settle, so bound the wait. */
  get underWay(): Promise<void> | undefined {
    return this.#flight && this.#done;
  }

  /** Whether a fetch may start now: open, none under way, and not backing off. */
  canFetch(now: number): boolean {
    return !this.#closed && !this.isFlying(now) && this.copy.retryInMs(now) === 0;
  }

  isFlying(now: number): boolean {
    const flight = this.#flight;
    if (flight === undefined) return false;
    if (now - flight.startedAt <= this.#options.settings.timeoutMs + SLACK_MS) return true;
    // Frozen with the request that started it. Not the source's failure, so there is nothing to back off from.
    this.#abort();
    return false;
  }

  /** Gives up the fetch under way: whatever it brings changes nothing any more. */
  #abort(): void {
    const flight = this.#flight;
    this.#flight = undefined;
    try {
      flight?.controller.abort();
    } catch {
      // Some edge runtimes refuse to touch what belongs to another request; that one is frozen anyway.
    }
  }

  /** Ends what is held back once its grace is over, and starts a fetch where one is due; nobody waits for it. */
  refresh(now: number): void {
    const before = this.copy.set;
    if (this.copy.releaseHeld(now)) {
      this.#tellCopy();
      this.#tellChange(before);
    }
    if (this.copy.isFetchDue(now) && this.canFetch(now)) this.start(now);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#flight !== undefined) return;
    const delayMs = Math.max(SHORTEST_DELAY_MS, this.copy.wakeAt - this.now());
    const wake = (): void => {
      this.refresh(this.now());
      this.#schedule();
    };
    this.#timer = setTimeout(wake, Math.min(LONGEST_DELAY_MS, delayMs));
    // Does not keep the process alive where the runtime can tell.
    (this.#timer as unknown as { unref?: () => void }).unref?.();
  }

  /** Starts a fetch; only where `canFetch` says so. */
  start(now: number): void {
    clearTimeout(this.#timer);
    this.#flights++;
    const flight = { startedAt: now, controller: new AbortController() };
    this.#flight = flight;
    // Begins after the caller's own synchronous steps.
    this.#done = Promise.resolve()
      .then(() => this.#fly(flight))
      .catch(() => undefined);
  }

  async #fly(flight: Flight): Promise<void> {
    const { startedAt, controller } = flight;
    const { signal } = controller;
    const timer = setTimeout(() => controller.abort(), this.#options.settings.timeoutMs);
    const stored = this.#keeper?.read();
    try {
      const answer = await this.#fetcher.fetch({ now: startedAt, signal });
      // Only the registered flight may change anything, so that an older answer never replaces a newer one.
      if (flight === this.#flight) this.#conclude(flight, answer);
    } catch (error) {
      if (flight === this.#flight && this.copy.set === undefined) await this.#restore(flight, stored);
      if (flight === this.#flight) this.#recordFailure(flight, nameFetchFailure(error, signal));
    } finally {
      clearTimeout(timer);
      if (flight === this.#flight) {
        this.#flight = undefined;
        this.#schedule();
      }
    }
  }

  /** Takes over what was fetched. @throws FetchProblem where it has no usable key. */
  #conclude({ startedAt }: Flight, answer: FetchedKeys): void {
    const { set, result, note, text, clockDifferenceSeconds: seconds } = answer;
    if (seconds !== undefined) this.tell({ type: "clock_difference_measured", seconds });
    for (const { index, problem } of answer.isNew ? set.refused : []) {
      this.tell({ type: "key_refused", index, problem });
    }
    requireKeys(set);
    const now = this.now();
    const { set: before, isHoldingBack } = this.copy;
    const confirmed = { ...answer, startedAt, sequence: this.#flights };
    const { lifetimeSeconds: maxAgeSeconds, isSuspicious } = this.copy.confirm(confirmed, now);
    this.#lastFailure = undefined;
    this.#tellCopy();
    this.#tellFetch(startedAt, { result, detail: note, maxAgeSeconds });
    this.#tellChange(before);
    if (isSuspicious) {
      // Not stored: it is doubtful, and the better set is in the store already.
      if (!isHoldingBack) this.#tellSuspicious(before, set.keys.length);
    } else {
      this.#keeper?.write({ fetchedAt: this.#options.clock() - (now - startedAt), document: text });
    }
  }

  #recordFailure({ startedAt }: Flight, failure: FetchFailure): void {
    const { result, detail, retryAfterSeconds } = failure;
    const { copy } = this;
    const now = this.now();
    const isFirst = !copy.isHoldingBack && copy.set !== undefined;
    this.#lastFailure = failure;
    copy.fail(now, retryAfterSeconds);
    if (result === "empty") copy.endAfterGrace(now);
    this.#tellCopy();
    this.#tellFetch(startedAt, { result, detail, maxAgeSeconds: undefined });
    if (result === "empty" && isFirst) this.#tellSuspicious(copy.set, 0);
  }

  /** Takes the stored set where nothing was ever fetched and the first fetch failed. */
  async #restore(flight: Flight, reading: Promise<StoredKeySet | undefined> | undefined): Promise<void> {
    const stored = reading && (await settleWithin(reading, STORE_WAIT_MS));
    if (stored === undefined) return;
    const ageMs = this.#options.clock() - stored.fetchedAt;
    if (!(ageMs >= 0 && ageMs < this.#options.settings.maxStaleSeconds * 1000)) return;
    try {
      const set = await importText(stored.document, this.#options);
      requireKeys(set);
      if (flight !== this.#flight) return;
      this.copy.restore({ set, text: stored.document }, { now: this.now(), ageMs });
      this.#tellChange(undefined);
    } catch (error) {
      const { detail } = nameFetchFailure(error);
      this.tell({ type: "keys_store_failed", operation: "read", detail });
    }
  }

  /** Why there are no better keys, for people. */
  describeFailure(): string {
    if (this.#closed) return "the key set was closed";
    const failure = this.#lastFailure;
    return failure ? `${failure.result}: ${failure.detail}` : "the source was not asked again yet";
  }

  async close(): Promise<void> {
    const done = this.underWay;
    this.#closed = true;
    this.#abort();
    clearTimeout(this.#timer);
    await settleWithin(Promise.all([done, this.#keeper?.settled()]), CLOSE_WAIT_MS);
  }

  #tellCopy(): void {
    this.#options.onCopyChange?.(this.copy, this.now(), this.describeFailure());
  }

  #tellFetch(startedAt: number, event: Pick<FetchEvent, "result" | "detail" | "maxAgeSeconds">): void {
    const now = this.now();
    const end = this.copy.usableUntil;
    const usableUntil = end === undefined ? undefined : this.#options.clock() + end - now;
    this.tell({ type: "keys_fetch_finished", ...event, durationMs: now - startedAt, usableUntil });
  }

  /** A kid with new material is both removed and added. */
  #tellChange(before: ImportedKeySet | undefined): void {
    const after = this.copy.set;
    const added = summarizeMissing(after, before);
    const removed = summarizeMissing(before, after);
    if (added.length > 0 || removed.length > 0) this.tell({ type: "key_set_changed", added, removed });
  }

  #tellSuspicious(before: ImportedKeySet | undefined, keysAfter: number): void {
    this.tell({ type: "key_set_suspicious", keysBefore: before?.keys.length ?? 0, keysAfter });
  }

  tell(event: Unnamed<EngineEvent>): void {
    try {
      this.#options.observer?.({ ...event, issuer: this.#options.name });
    } catch {
      // Watching never changes what happens.
    }
  }
}

/** @throws FetchProblem where no key of the set can be used. */
function requireKeys({ hasUsableKeys, refused, ignored }: ImportedKeySet): void {
  const excluded = [...refused, ...ignored];
  const [first] = excluded;
  if (hasUsableKeys) return;
  if (first === undefined) failFetch("empty", "expected at least one key, found none");
  failFetch(
    "empty",
    `expected a usable key, found ${excluded.length} that are not; key ${first.index}: ${first.problem}`,
  );
}

/** Keys of one set that another lacks. */
function summarizeMissing(
  from: ImportedKeySet | undefined,
  other: ImportedKeySet | undefined,
): readonly KeySummary[] {
  const known = new Set(other?.keys.map(identify));
  const missing = from?.keys.filter((key) => !known.has(identify(key))) ?? [];
  return missing.map(({ keyId, algorithm }) => ({ keyId, algorithm: algorithm.name }));
}

function identify({ keyId, algorithm, material }: VerificationKey): string {
  return JSON.stringify([keyId, algorithm.name, material]);
}
