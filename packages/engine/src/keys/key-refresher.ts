/** Keeps the copy of one issuer's keys up to date: one fetch at a time, what its answer does, and when to fetch again. */

import type { EngineEvent } from "../ports.ts";
import { ElapsedTime } from "./elapsed-time.ts";
import type { FetchFailure } from "./fetch-document.ts";
import { FetchFlight } from "./fetch-flight.ts";
import { type FetchedKeys, importText, KeyFetcher, type KeyFetcherOptions } from "./fetch-keys.ts";
import { KeyCopy } from "./key-copy.ts";
import { StoreKeeper } from "./key-store-keeper.ts";
import { RemoteKeyEvents } from "./remote-key-events.ts";
import type { RemoteKeySetOptions } from "./remote-options.ts";
import { settleWithin } from "./settle-within.ts";
import { WakeTimer } from "./wake-timer.ts";

/** What a fetch may take beyond its timeout: reading the store, importing the keys. */
export const SLACK_MS = 1000;
const STORE_WAIT_MS = 500;
const CLOSE_WAIT_MS = 2000;

type FetchEvent = Extract<EngineEvent, { type: "keys_fetch_finished" }>;

export class KeyRefresher {
  readonly elapsed: ElapsedTime;
  readonly copy: KeyCopy;
  readonly events: RemoteKeyEvents;
  readonly #options: RemoteKeySetOptions;
  readonly #fetcherOptions: KeyFetcherOptions;
  readonly #fetcher: KeyFetcher;
  readonly #keeper: StoreKeeper | undefined;
  readonly #wake = new WakeTimer(() => this.#work());
  #flight: FetchFlight | undefined;
  #flights = 0;
  #closed = false;
  #lastFailure: FetchFailure | undefined;
  #clockDifferenceSeconds: number | undefined;

  /** @throws TypeError where the configured URL cannot be fetched from. */
  constructor(options: RemoteKeySetOptions) {
    const { issuer, source, settings, algorithms, fetch, clock, store, name, observer } = options;
    this.#options = options;
    this.#fetcherOptions = { issuer, source, settings, algorithms };
    this.#fetcher = new KeyFetcher(this.#fetcherOptions, { fetch, clock, limits: settings });
    this.elapsed = new ElapsedTime(clock);
    this.copy = new KeyCopy({ settings, algorithms, random: options.random ?? Math.random });
    this.events = new RemoteKeyEvents(name, observer);
    const report = (operation: "read" | "write", detail: string): void =>
      this.events.storeFailed(operation, detail);
    const owner = { issuer, source };
    this.#keeper = store && new StoreKeeper({ store, owner, maxBytes: settings.maxBytes, clock, report });
  }

  /** Where the keys are, once known. */
  get url(): string | undefined {
    return this.#fetcher.url;
  }

  /** Fetches started. */
  get flights(): number {
    return this.#flights;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get lastFailure(): FetchFailure | undefined {
    return this.#lastFailure;
  }

  get clockDifferenceSeconds(): number | undefined {
    return this.#clockDifferenceSeconds;
  }

  /** The end of the fetch under way, if there is one. Never rejects; may never settle, so bound the wait. */
  get underWay(): Promise<void> | undefined {
    return this.#flight?.done;
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
    this.#flight = undefined;
    flight.abort();
    return false;
  }

  /** Starts a fetch where one is due; nobody waits for it. */
  refresh(now: number): void {
    if (this.copy.isFetchDue(now) && this.canFetch(now)) this.start(now);
  }

  /** On waking: ends what is held back, refreshes what is due, and sets the next waking. */
  #work(): void {
    const now = this.elapsed.now();
    this.releaseHeld(now);
    this.refresh(now);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed || this.#flight !== undefined) return;
    this.#wake.set(this.copy.wakeAt - this.elapsed.now());
  }

  /** Starts a fetch; only where `canFetch` says so. */
  start(now: number): void {
    this.#wake.clear();
    const sequence = ++this.#flights;
    this.#flight = new FetchFlight({ sequence, startedAt: now }, (flight) => this.#fly(flight));
  }

  async #fly(flight: FetchFlight): Promise<void> {
    const timer = setTimeout(() => flight.abort(), this.#options.settings.timeoutMs);
    try {
      this.#keeper?.startReading();
      const answer = await this.#fetcher.fetch({ now: flight.startedAt, signal: flight.signal });
      // Only the registered flight may change anything, so that an older answer never replaces a newer one.
      if (flight === this.#flight && !this.#closed) await this.#conclude(flight, answer);
    } catch (error) {
      const detail = `a defect while reading the keys: ${error instanceof Error ? error.name : "unknown"}`;
      if (flight === this.#flight && !this.#closed) this.#recordFailure(flight, { result: "parse", detail });
    } finally {
      clearTimeout(timer);
      if (flight === this.#flight) {
        this.#flight = undefined;
        this.#schedule();
      }
    }
  }

  async #conclude(flight: FetchFlight, answer: FetchedKeys | FetchFailure): Promise<void> {
    if ("set" in answer) {
      this.#clockDifferenceSeconds = answer.clockDifferenceSeconds ?? this.#clockDifferenceSeconds;
      this.events.clockDifference(answer.clockDifferenceSeconds);
      if (answer.isNew) this.events.keysRefused(answer.set);
      if (answer.set.hasUsableKeys) return this.#adopt(flight, answer);
    }
    const failure: FetchFailure =
      "set" in answer ? { result: "empty", detail: describeEmpty(answer) } : answer;
    if (this.copy.set === undefined) await this.#restore(flight);
    if (flight === this.#flight && !this.#closed) this.#recordFailure(flight, failure);
  }

  #adopt(flight: FetchFlight, answer: FetchedKeys): void {
    const { set, freshnessSeconds, result, note } = answer;
    const { sequence, startedAt } = flight;
    const now = this.elapsed.now();
    const { set: before, isHoldingBack } = this.copy;
    const { lifetimeSeconds, suspicious } = this.copy.confirm(
      { set, freshnessSeconds, startedAt, sequence },
      now,
    );
    this.#lastFailure = undefined;
    this.#reportFetch(flight, { result, detail: note, maxAgeSeconds: lifetimeSeconds });
    this.events.setChanged(before, this.copy.set);
    if (suspicious && !isHoldingBack) this.events.setSuspicious(before?.keys.length ?? 0, set.keys.length);
    // What is held back is doubtful, and the better set is in the store already.
    if (!suspicious)
      this.#keeper?.write({ fetchedAt: this.#options.clock() - (now - startedAt), text: answer.text });
  }

  #recordFailure(flight: FetchFlight, failure: FetchFailure): void {
    const now = this.elapsed.now();
    const isFirstEmpty = failure.result === "empty" && !this.copy.isHoldingBack;
    this.#lastFailure = failure;
    this.copy.fail(now, failure.retryAfterSeconds);
    if (failure.result === "empty") this.copy.endAfterGrace(now);
    this.#reportFetch(flight, { result: failure.result, detail: failure.detail, maxAgeSeconds: undefined });
    if (isFirstEmpty && this.copy.set !== undefined) this.events.setSuspicious(this.copy.set.keys.length, 0);
  }

  /** Takes the stored set where nothing was ever fetched and the first fetch failed. */
  async #restore(flight: FetchFlight): Promise<void> {
    if (this.#keeper === undefined) return;
    const { settings, clock } = this.#options;
    const stored = await settleWithin(this.#keeper.read(), STORE_WAIT_MS);
    if (stored === undefined || stored === "time_up") return;
    const ageMs = clock() - stored.fetchedAt;
    if (!(ageMs >= 0 && ageMs < settings.maxStaleSeconds * 1000)) return;
    const set = await importText(stored.text, this.#fetcherOptions);
    if ("result" in set || !set.hasUsableKeys) {
      const problem = "result" in set ? set.detail : "it has no usable key";
      return this.events.storeFailed("read", `what is stored is ignored: ${problem}`);
    }
    if (flight !== this.#flight || this.copy.set !== undefined) return;
    this.copy.restore(set, { now: this.elapsed.now(), ageMs });
    this.events.setChanged(undefined, set);
  }

  /** Ends what is held back once its grace is over. */
  releaseHeld(now: number): void {
    const before = this.copy.set;
    if (this.copy.releaseHeld(now)) this.events.setChanged(before, this.copy.set);
  }

  #reportFetch(flight: FetchFlight, report: Pick<FetchEvent, "result" | "detail" | "maxAgeSeconds">): void {
    const now = this.elapsed.now();
    const end = this.copy.usableUntil;
    const usableUntil = end === undefined ? undefined : this.#options.clock() + end - now;
    this.events.fetchFinished({ ...report, durationMs: now - flight.startedAt, usableUntil });
  }

  /** Why there are no better keys, for people. */
  describeFailure(): string {
    if (this.#closed) return "the key set was closed";
    const failure = this.#lastFailure;
    return failure === undefined
      ? "the source was not asked again yet"
      : `${failure.result}: ${failure.detail}`;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake.clear();
    const flight = this.#flight;
    flight?.abort();
    if (flight !== undefined) await settleWithin(flight.done, CLOSE_WAIT_MS);
    if (this.#keeper !== undefined) await settleWithin(this.#keeper.settled(), CLOSE_WAIT_MS);
  }
}

function describeEmpty({ set }: FetchedKeys): string {
  const [first] = [...set.refused, ...set.ignored];
  if (first === undefined) return "expected at least one key, found none";
  const count = set.refused.length + set.ignored.length;
  return `expected a usable key, found ${count} that are not; key ${first.index}: ${first.problem}`;
}
