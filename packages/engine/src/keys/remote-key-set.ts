/**
 * The keys of one issuer, fetched and kept. Isolated: nothing here is shared with another issuer.
 *
 * - One fetch at a time; callers share it, and none that gives up stops it for others.
 * - The copy is refreshed in the background ahead of its expiry, by a timer and, where timers are frozen, on use.
 *   Once expired it is used only while the source fails, and for at most `maxStaleSeconds`.
 * - A kid that the copy lacks causes at most one fetch per cooldown, whoever asks. "key_unknown" is said only of
 *   a kid that a fetch started later than the first question did not bring; before that the answer is
 *   "keys_stale": we could not check, and the caller may try again.
 * - Sets that would lose most keys are held back, see `hold-back.ts`.
 * - Decisions follow the injected clock; timers only wake.
 */

import { FetchBudget } from "./fetch-budget.ts";
import type { KeyCopy } from "./key-copy.ts";
import { KeyRefresher, SLACK_MS } from "./key-refresher.ts";
import type { KeyLookup, KeyQuery, KeySource, VerificationKey } from "./key-source.ts";
import { MAX_KEY_ID_LENGTH, NegativeCache } from "./negative-cache.ts";
import type { RemoteKeyEvents } from "./remote-key-events.ts";
import type { RemoteKeySetOptions } from "./remote-options.ts";
import type { RemoteKeysSnapshot } from "./remote-snapshot.ts";
import { settleWithin } from "./settle-within.ts";

export type { RemoteKeySetOptions } from "./remote-options.ts";

export interface RemoteKeySet extends KeySource {
  /** What is in memory and how the last fetches went, for reports. */
  snapshot(): RemoteKeysSnapshot;
}

/** Most lookups that wait for a fetch at the same time; more are told at once to come back. */
export const MAX_WAITING_LOOKUPS = 4096;

type SettledLookup = Exclude<KeyLookup, { kind: "fetch_needed" }>;
type Refusal = Extract<KeyLookup, { kind: "refused" }>;

const FETCH_NEEDED: KeyLookup = Object.freeze({ kind: "fetch_needed" });

/**
 * Fetches nothing until first used, so that it can be made where fetching is not allowed yet.
 *
 * @throws TypeError for a URL that is never fetched.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): RemoteKeySet {
  return new RemoteKeys(options);
}

class RemoteKeys implements RemoteKeySet {
  readonly #options: RemoteKeySetOptions;
  readonly #refresher: KeyRefresher;
  readonly #copy: KeyCopy;
  readonly #events: RemoteKeyEvents;
  readonly #negative = new NegativeCache();
  readonly #unknownBudget: FetchBudget;
  readonly #replacementBudget: FetchBudget;
  #waiting = 0;

  constructor(options: RemoteKeySetOptions) {
    this.#options = options;
    this.#refresher = new KeyRefresher(options);
    this.#copy = this.#refresher.copy;
    this.#events = this.#refresher.events;
    this.#unknownBudget = new FetchBudget(options.settings.cooldownSeconds * 1000);
    this.#replacementBudget = new FetchBudget(options.settings.cooldownSeconds * 1000);
  }

  find(query: KeyQuery): KeyLookup {
    return this.#look(query);
  }

  async resolve(query: KeyQuery): Promise<SettledLookup> {
    const hadKeys = this.#isServing(this.#refresher.elapsed.now());
    const askedAt = this.#refresher.flights;
    const first = this.#look(query);
    if (first.kind !== "fetch_needed") return first;
    const later = await this.#afterFetch(() => {
      const lookup = this.#look(query, askedAt);
      return lookup.kind === "fetch_needed" ? undefined : lookup;
    });
    if (later?.kind === "found") {
      this.#negative.forget(query);
      if (hadKeys) this.#events.unknownKey("refetch_hit");
    }
    return later ?? this.#refuse(hadKeys ? "keys_stale" : "keys_unavailable", 1000);
  }

  replacement(
    query: KeyQuery,
    failed: readonly VerificationKey[],
  ): Promise<readonly VerificationKey[]> | undefined {
    const now = this.#refresher.elapsed.now();
    const inMemory = this.#findOthers(query, failed);
    if (inMemory.length > 0) return Promise.resolve(inMemory);
    if (!this.#mayReplace(now)) return undefined;
    const look = (): readonly VerificationKey[] | undefined => {
      const keys = this.#findOthers(query, failed);
      return keys.length > 0 || !this.#mayReplace(this.#refresher.elapsed.now()) ? keys : undefined;
    };
    return this.#afterFetch(look).then((keys) => keys ?? []);
  }

  async ready(): Promise<void> {
    const now = this.#refresher.elapsed.now();
    if (this.#isServing(now)) return;
    if (this.#refresher.canFetch(now)) this.#refresher.start(now);
    await this.#afterFetch(() => (this.#isServing(this.#refresher.elapsed.now()) ? true : undefined));
    if (this.#isServing(this.#refresher.elapsed.now())) return;
    throw new Error(`No usable keys of issuer "${this.#options.name}": ${this.#refresher.describeFailure()}`);
  }

  close(): Promise<void> {
    return this.#refresher.close();
  }

  snapshot(): RemoteKeysSnapshot {
    const { issuer, name, clock } = this.#options;
    const now = this.#refresher.elapsed.now();
    const copy = this.#copy;
    const { lastFailure } = this.#refresher;
    // Elapsed to wall time, for people.
    const toWall = (at: number | undefined): number | undefined =>
      at === undefined ? undefined : clock() + at - now;
    return Object.freeze({
      issuer,
      name,
      url: this.#refresher.url,
      phase: copy.phase(now),
      keys: copy.set?.summaries ?? [],
      refused: copy.set?.refused ?? [],
      confirmedAt: copy.set && toWall(copy.confirmedAt),
      refreshAt: copy.set && toWall(copy.refreshAt),
      usableUntil: toWall(copy.usableUntil),
      isHoldingBack: copy.isHoldingBack,
      failures: copy.failures,
      lastFailure: lastFailure && { result: lastFailure.result, detail: lastFailure.detail },
      fetches: this.#refresher.flights,
      clockDifferenceSeconds: this.#refresher.clockDifferenceSeconds,
    });
  }

  /**
   * The answer from memory; starts a fetch where one is due. Callers that have waited give the number of fetches
   * started before they asked, for in a flood the negative cache may have forgotten them.
   */
  #look(query: KeyQuery, askedAt?: number): KeyLookup {
    const now = this.#refresher.elapsed.now();
    if (this.#copy.isHoldingBack) this.#refresher.releaseHeld(now);
    if (!this.#isServing(now)) return this.#lookWithoutKeys(query, now);
    this.#refresher.refresh(now);
    const lookup = this.#copy.set?.find(query) ?? FETCH_NEEDED;
    if (lookup.kind !== "refused" || lookup.reason !== "key_unknown") return lookup;
    return this.#lookUnknown(query, { lookup, now, askedAt });
  }

  #lookWithoutKeys(query: KeyQuery, now: number): KeyLookup {
    if (!this.#refresher.isFlying(now)) {
      if (!this.#refresher.canFetch(now)) return this.#refuse("keys_unavailable", this.#copy.retryInMs(now));
      this.#rememberQuestion(query);
      this.#refresher.start(now);
    } else this.#rememberQuestion(query);
    return this.#waiting < MAX_WAITING_LOOKUPS ? FETCH_NEEDED : this.#refuse("keys_unavailable", 1000);
  }

  #lookUnknown(query: KeyQuery, asked: UnknownQuestion): KeyLookup {
    const { lookup, now } = asked;
    const remembered = this.#negative.recall(query);
    const askedAt = remembered ?? asked.askedAt;
    const isProven = askedAt !== undefined && this.#copy.sequence > askedAt;
    const isRecent = now - this.#copy.confirmedAt < this.#options.settings.cooldownSeconds * 1000;
    if (!canBePublished(query) || (isProven && isRecent)) {
      if (isProven && remembered === undefined) this.#negative.remember(query, askedAt);
      this.#events.unknownKey(asked.askedAt === undefined ? "negative_cached" : "refetch_miss");
      return lookup;
    }
    if (remembered === undefined || isProven) this.#negative.remember(query, this.#refresher.flights);
    if (!this.#refresher.isFlying(now)) {
      const waitMs = Math.max(this.#copy.retryInMs(now), this.#unknownBudget.remainingMs(now));
      if (waitMs > 0 || this.#refresher.isClosed) {
        this.#events.unknownKey("cooldown");
        return this.#refuse("keys_stale", waitMs);
      }
      this.#unknownBudget.spend(now);
      this.#refresher.start(now);
    }
    if (this.#waiting < MAX_WAITING_LOOKUPS) return FETCH_NEEDED;
    this.#events.unknownKey("cooldown");
    return this.#refuse("keys_stale", 1000);
  }

  #rememberQuestion(query: KeyQuery): void {
    if (canBePublished(query) && this.#negative.recall(query) === undefined)
      this.#negative.remember(query, this.#refresher.flights);
  }

  /** Whether memory answers: an expired copy only while the source fails, or else it would never be seen to be outdated. */
  #isServing(now: number): boolean {
    const phase = this.#copy.phase(now);
    return phase === "expired" ? this.#copy.failures > 0 : phase !== "none";
  }

  /** Keys for the query whose material is none of those that failed. */
  #findOthers(query: KeyQuery, failed: readonly VerificationKey[]): readonly VerificationKey[] {
    if (this.#copy.phase(this.#refresher.elapsed.now()) === "none") return [];
    const lookup = this.#copy.set?.find(query);
    if (lookup?.kind !== "found") return [];
    return lookup.keys.filter(({ material }) => failed.every((key) => key.material !== material));
  }

  /** Whether waiting can bring new material; starts the fetch where the budget allows one. */
  #mayReplace(now: number): boolean {
    if (this.#copy.phase(now) === "none" || this.#waiting >= MAX_WAITING_LOOKUPS) return false;
    if (this.#refresher.isFlying(now)) return true;
    if (!this.#refresher.canFetch(now) || this.#replacementBudget.remainingMs(now) > 0) return false;
    this.#replacementBudget.spend(now);
    this.#refresher.start(now);
    return true;
  }

  /**
   * Waits for the fetch under way, looks, and where that was not the answer, once more: the first may have been
   * started by others before the question. Undefined where time is up or both brought nothing.
   */
  async #afterFetch<T>(look: () => T | undefined): Promise<T | undefined> {
    this.#waiting++;
    try {
      let isTimeUp = false;
      const search = async (): Promise<T | undefined> => {
        for (let turn = 0; turn < 2; turn++) {
          await this.#refresher.underWay;
          if (isTimeUp) return undefined;
          const found = look();
          if (found !== undefined) return found;
        }
        return undefined;
      };
      // Not the flight's own timer: where a runtime froze the request that started it, nobody else may hang.
      const found = await settleWithin(search(), this.#options.settings.timeoutMs + SLACK_MS);
      isTimeUp = found === "time_up";
      return found === "time_up" ? undefined : found;
    } finally {
      this.#waiting--;
    }
  }

  #refuse(reason: "keys_unavailable" | "keys_stale", waitMs: number): Refusal {
    const detail = this.#refresher.describeFailure();
    if (this.#refresher.isClosed) return { kind: "refused", reason, detail };
    return { kind: "refused", reason, detail, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
  }
}

interface UnknownQuestion {
  readonly lookup: Refusal;
  readonly now: number;
  /** See `#look`. */
  readonly askedAt: number | undefined;
}

/** Import refuses keys with other kids, so that no fetch could bring one. */
function canBePublished({ keyId }: KeyQuery): boolean {
  return keyId === undefined || (keyId.length > 0 && keyId.length <= MAX_KEY_ID_LENGTH);
}
