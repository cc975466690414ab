import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { MemoryRevocationList } from "countersign";
import { RevocationListFullError } from "countersign";
import { pause } from "./retry-with-backoff.ts";
import type { FeedChange, FeedPage, FeedRecord, RevocationStore } from "./revocation-store.ts";

/** Why the whole feed is read: at the start, or because the next record does not follow on the last one applied. */
export type ResyncCause =
  | "start"
  /** The store ends before what was applied: it was emptied, or is an older copy. */
  | "behind"
  /** Records between are missing: they expired while this instance stood still, or were lost. */
  | "gap"
  /** The store has another record in the place of one that was applied. */
  | "other_history"
  /** Not everything could be taken in the last time. */
  | "incomplete";

export type FollowerEvent =
  | {
      readonly type: "change_applied";
      readonly change: FeedChange;
      readonly position: number;
      /** From the revocation, by the clock of whoever revoked, until now. */
      readonly delayMs: number;
    }
  | { readonly type: "resync_started"; readonly cause: ResyncCause; readonly position: number }
  | { readonly type: "resync_finished"; readonly records: number; readonly durationMs: number }
  /** Told once, until the feed is back. */
  | { readonly type: "feed_lost"; readonly error: unknown }
  | { readonly type: "feed_back" }
  /** Expired records could not be deleted, which costs room and nothing else. */
  | { readonly type: "trim_failed"; readonly error: unknown }
  /** A record cannot be taken: until a resync takes everything, the list is not confirmed. */
  | { readonly type: "record_refused"; readonly position: number; readonly problem: string };

/** What a follower needs of a store; processes of one sidecar have it of their primary. */
export type FeedSource = Pick<RevocationStore, "read" | "waitForChange" | "expire">;

export interface FollowerOptions {
  readonly store: FeedSource;
  readonly list: MemoryRevocationList;
  readonly observer?: (event: FollowerEvent) => void;
  /** Longest time between two looks at the store while nothing happens. Default 1000; 10..10000. */
  readonly heartbeatMs?: number;
  /** How often expired records are deleted from the store. Default 60000; 10..86400000. */
  readonly trimMs?: number;
}

/** Where a follower stands. */
export interface FollowerStatus {
  readonly isConnected: boolean;
  /** False until everything was read once, and while it is read again. */
  readonly isCaughtUp: boolean;
  /** Of the last record applied. */
  readonly position: number;
  /** How long ago the list was last known to be complete; Infinity before the first time. */
  readonly ageSeconds: number;
  readonly isFresh: boolean;
  /** Times that the feed had to be read again, by cause. */
  readonly resyncs: Readonly<Partial<Record<ResyncCause, number>>>;
}

/** So many that taking them never holds up anybody for long. */
const PAGE_SIZE = 250;
const LONGEST_PAUSE_MS = 1000;
const FIRST_PAUSE_MS = 20;
/** How often a feed that could not be taken whole is tried again. */
const INCOMPLETE_RETRY_MS = 15_000;
/** Most records deleted at a time, and most times in a row. */
const TRIM_SIZE = 500;
const TRIM_ROUNDS = 20;

/**
 * Keeps the list in memory abreast of a store: reads everything once, then what comes. What it once took stays in the
 * list, whatever becomes of the store, until it expires or is lifted: a store that lost something adds to what is
 * refused and never takes from it.
 */
export class FeedFollower {
  readonly #options: Required<FollowerOptions>;
  readonly #stopping = new AbortController();
  readonly #resyncs: Partial<Record<ResyncCause, number>> = {};
  #running: Promise<void> | undefined;
  #isConnected = false;
  /** The record that the next one has to follow. */
  #position = 0;
  #mark = "";
  /** While everything is read: when that began, and how many records there were. */
  #resync: { readonly startedMs: number; records: number } | undefined;
  #refusedMs: number | undefined;
  #resyncedMs = Number.NEGATIVE_INFINITY;
  #trimmedMs: number = performance.now();
  #failures = 0;
  /** What came with the news, in place of the next look at the store, and since when that was waited for. */
  #news: { readonly page: FeedPage; readonly moment: number } | undefined;
  #caughtUp: (() => void)[] = [];
  #wasCaughtUp = false;

  /** @throws RangeError where an option is outside its bounds. */
  constructor({ observer = () => undefined, heartbeatMs = 1000, trimMs = 60_000, ...rest }: FollowerOptions) {
    checkPeriod("heartbeatMs", heartbeatMs, 10_000);
    checkPeriod("trimMs", trimMs, 86_400_000);
    this.#options = { ...rest, observer, heartbeatMs, trimMs };
  }

  start(): void {
    if (this.#running !== undefined || this.#stopping.signal.aborted) return;
    this.#startResync("start");
    this.#running = this.#run();
  }

  /** Resolves when everything was read once; never where it is stopped before. */
  caughtUp(): Promise<void> {
    if (this.#wasCaughtUp) return Promise.resolve();
    return new Promise((resolve) => this.#caughtUp.push(resolve));
  }

  status(): FollowerStatus {
    const { list } = this.#options;
    return {
      isConnected: this.#isConnected,
      isCaughtUp: this.#wasCaughtUp && this.#resync === undefined,
      position: this.#position,
      ageSeconds: list.ageSeconds(),
      isFresh: list.isFresh(),
      resyncs: { ...this.#resyncs },
    };
  }

  /** Stops following; the list stays as it is and grows stale. Idempotent. The store is left open. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#follow();
      } catch (error) {
        if (signal.aborted) return;
        this.#lose(error);
        await this.#pauseAfterFailure();
      }
      this.#options.list.clearOut();
    }
  }

  /** Reads what there is and waits for more. */
  async #follow(): Promise<void> {
    const { store, list, heartbeatMs } = this.#options;
    const { signal } = this.#stopping;
    const { page, moment } = await this.#look();
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.#tell({ type: "feed_back" });
    }
    const cause = this.#resync === undefined ? this.#applyTail(page) : this.#applyAll(page);
    if (cause !== undefined) {
      // At once the first time; a store that never agrees with itself must not keep everybody reading.
      await pause(LONGEST_PAUSE_MS - (performance.now() - this.#resyncedMs), signal);
      this.#startResync(cause);
      return;
    }
    this.#failures = 0;
    if (page.records.length === PAGE_SIZE) {
      await yieldToOthers();
      return;
    }
    this.#finishResync(page);
    if (this.#refusedMs === undefined) list.confirm(moment - (page.ageMs ?? 0));
    else if (performance.now() - this.#refusedMs > INCOMPLETE_RETRY_MS) this.#startResync("incomplete");
    await this.#trim();
    const since = list.now();
    const after = this.#position;
    const news = await store.waitForChange({ after, limit: PAGE_SIZE, timeoutMs: heartbeatMs, signal });
    this.#news = news && { page: news, moment: since };
  }

  /** Whatever was revoked before the moment at which the store was asked is in its answer. */
  async #look(): Promise<{ readonly page: FeedPage; readonly moment: number }> {
    const { store, list } = this.#options;
    const news = this.#news;
    this.#news = undefined;
    if (news !== undefined) return news;
    const moment = list.now();
    return { page: await store.read({ after: this.#position, limit: PAGE_SIZE }), moment };
  }

  /** Applies what follows on the last record. What does not is the cause to read everything again. */
  #applyTail({ records, head }: FeedPage): ResyncCause | undefined {
    if (head.position < this.#position) return "behind";
    for (const record of records) {
      if (record.position !== this.#position + 1) return "gap";
      if (record.previousMark !== this.#mark) return "other_history";
      this.#apply(record);
      this.#position = record.position;
      this.#mark = record.mark;
      if (record.change !== undefined) {
        this.#tell({
          type: "change_applied",
          change: record.change,
          position: record.position,
          delayMs: Date.now() - readMoment(record.change),
        });
      }
    }
    if (records.length === PAGE_SIZE) return undefined;
    if (head.position !== this.#position) return "gap";
    return head.mark === this.#mark ? undefined : "other_history";
  }

  /** Applies all that is there; what expired is missing. */
  #applyAll({ records }: FeedPage): undefined {
    for (const record of records) {
      this.#apply(record);
      this.#position = record.position;
      this.#mark = record.mark;
    }
    if (this.#resync !== undefined) this.#resync.records += records.length;
  }

  #apply({ position, change }: FeedRecord): void {
    const { list } = this.#options;
    try {
      if (change === undefined) this.#refuse(position, "it is no change in a form that is known here");
      else if (change.type === "revoked") list.add(change.revocation);
      else list.lift(change.lifted);
    } catch (error) {
      if (!(error instanceof RevocationListFullError)) throw error;
      this.#refuse(position, error.message);
    }
  }

  #refuse(position: number, problem: string): void {
    this.#refusedMs ??= performance.now();
    this.#tell({ type: "record_refused", position, problem });
  }

  #startResync(cause: ResyncCause): void {
    this.#tell({ type: "resync_started", cause, position: this.#position });
    this.#resyncs[cause] = (this.#resyncs[cause] ?? 0) + 1;
    this.#position = 0;
    this.#mark = "";
    this.#refusedMs = undefined;
    this.#resyncedMs = performance.now();
    this.#resync = { startedMs: this.#resyncedMs, records: 0 };
  }

  #finishResync({ head }: FeedPage): void {
    if (this.#resync === undefined) return;
    const { startedMs, records } = this.#resync;
    this.#resync = undefined;
    // The last records may have expired, but the next one follows on them.
    this.#position = head.position;
    this.#mark = head.mark;
    this.#wasCaughtUp = true;
    this.#tell({ type: "resync_finished", records, durationMs: performance.now() - startedMs });
    for (const resolve of this.#caughtUp.splice(0)) resolve();
  }

  #lose(error: unknown): void {
    const isNew = this.#isConnected || this.#failures === 0;
    this.#isConnected = false;
    if (isNew) this.#tell({ type: "feed_lost", error });
  }

  async #pauseAfterFailure(): Promise<void> {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    await pause(longest * (0.5 + Math.random() / 2), this.#stopping.signal);
  }

  /** Every follower does it now and then, so that somebody does. */
  async #trim(): Promise<void> {
    const { store, trimMs } = this.#options;
    // At moments of their own, so that not all come at once.
    if (performance.now() - this.#trimmedMs < trimMs * (0.5 + Math.random() / 2)) return;
    this.#trimmedMs = performance.now();
    try {
      for (let round = 0; round < TRIM_ROUNDS; round++) {
        if ((await store.expire(TRIM_SIZE)) < TRIM_SIZE) return;
      }
    } catch (error) {
      this.#tell({ type: "trim_failed", error });
    }
  }

  #tell(event: FollowerEvent): void {
    try {
      this.#options.observer(event);
    } catch {
      // Whoever watches must not stop the feed.
    }
  }
}

function readMoment(change: FeedChange): number {
  return change.type === "revoked" ? change.revocation.createdAtMs : change.lift.liftedAtMs;
}

function checkPeriod(name: string, ms: number, most: number): void {
  if (Number.isInteger(ms) && ms >= 10 && ms <= most) return;
  throw new RangeError(`${name}: expected whole milliseconds from 10 to ${most}`);
}
