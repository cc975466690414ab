/**
 * The keys of one issuer, fetched and kept. Isolated: nothing here is shared with another issuer.
 *
 * - One fetch at a time; callers share it, and none that gives up stops it for others.
 * - The copy is refreshed in the background ahead of its expiry, by a timer and, where timers are frozen, on use.
 *   Once expired it is used only while the source fails, and for at most `maxStaleSeconds`.
 * - A kid that the copy lacks causes at most one fetch per cooldown, whoever asks. "key_unknown" is said only of
 *   a kid that a fetch started later than the first question did not bring; before that the answer is
 *   "keys_stale": we could not check, and the caller may try again.
 * - Sets that would lose most keys are held back, see `key-copy.ts`.
 * - Decisions follow the injected clock; timers only wake.
 */

import { isKeyId } from "../token/key-id.ts";
import type { SettledKeyLookup } from "./imported-key-set.ts";
import type { KeyCopy } from "./key-copy.ts";
import { KeyRefresher, SLACK_MS } from "./key-refresher.ts";
import type { KeyLookup, KeyQuery, KeySource, RefusedLookup, VerificationKey } from "./key-source.ts";
import { NegativeCache } from "./negative-cache.ts";
import type { RemoteKeySetOptions } from "./remote-options.ts";
import { settleWithin } from "./settle-within.ts";

export type { RemoteKeySetOptions } from "./remote-options.ts";

/** Most lookups that wait for a fetch at the same time; more are told at once to come back. */
export const MAX_WAITING_LOOKUPS = 4096;

const FETCH_NEEDED: KeyLookup = { kind: "fetch_needed" };

/**
 * Fetches nothing until first used, so that it can be made where fetching is not allowed yet.
 *
 * @throws TypeError for a URL that is never fetched.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): KeySource {
  return new RemoteKeys(options);
}

class RemoteKeys implements KeySource {
  readonly #options: RemoteKeySetOptions;
  readonly #refresher: KeyRefresher;
  readonly #copy: KeyCopy;
  readonly #negative = new NegativeCache();
  /** Elapsed milliseconds from which another fetch may be caused: by an unknown kid, by a failed signature. */
  #unknownAt = 0;
  #replacementAt = 0;
  #waiting = 0;

  constructor(options: RemoteKeySetOptions) {
    this.#options = options;
    this.#refresher = new KeyRefresher(options);
    this.#copy = this.#refresher.copy;
  }

  find(query: KeyQuery): KeyLookup {
    return this.#look(query);
  }

  async resolve(query: KeyQuery): Promise<SettledKeyLookup> {
    const hadKeys = this.#isServing();
    const askedAt = this.#refresher.flights;
    const first = this.#look(query);
    if (first.kind !== "fetch_needed") return first;
    const later = await this.#afterFetch(() => {
      const lookup = this.#look(query, askedAt);
      return lookup.kind === "fetch_needed" ? undefined : lookup;
    });
    if (later?.kind === "found") {
      this.#negative.forget(query);
      if (hadKeys) this.#refresher.tell({ type: "unknown_key", outcome: "refetch_hit" });
    }
    return later ?? this.#refuse(hadKeys ? "keys_stale" : "keys_unavailable");
  }

  replacement(
    query: KeyQuery,
    failed: readonly VerificationKey[],
  ): Promise<readonly VerificationKey[]> | undefined {
    const look = (): readonly VerificationKey[] | undefined => {
      const others = this.#findOthers(query, failed);
      return others.length > 0 || !this.#mayReplace() ? others : undefined;
    };
    const inMemory = look();
    if (inMemory?.length === 0) return undefined;
    return inMemory ? Promise.resolve(inMemory) : this.#afterFetch(look).then((keys) => keys ?? []);
  }

  async ready(): Promise<void> {
    const refresher = this.#refresher;
    const now = refresher.now();
    if (this.#isServing()) return;
    if (refresher.canFetch(now)) refresher.start(now);
    await this.#afterFetch(() => this.#isServing() || undefined);
    if (this.#isServing()) return;
    throw new Error(`No usable keys of issuer "${this.#options.name}": ${refresher.describeFailure()}`);
  }

  close(): Promise<void> {
    return this.#refresher.close();
  }

  #isServing(): boolean {
    return this.#copy.isServing(this.#refresher.now());
  }

  /**
   * The answer from memory; starts a fetch where one is due. Callers that have waited give the number of fetches
   * started before they asked, for in a flood the negative cache may have forgotten them.
   */
  #look(query: KeyQuery, askedAt?: number): KeyLookup {
    const refresher = this.#refresher;
    const now = refresher.now();
    if (this.#copy.isServing(now)) {
      refresher.refresh(now);
      const lookup = this.#copy.set?.find(query) ?? FETCH_NEEDED;
      if (lookup.kind !== "refused" || lookup.reason !== "key_unknown") return lookup;
      return this.#lookUnknown(query, lookup, askedAt);
    }
    if (isPublishable(query) && this.#negative.recall(query) === undefined) {
      this.#negative.remember(query, refresher.flights);
    }
    if (refresher.canFetch(now)) refresher.start(now);
    if (refresher.isFlying(now) && this.#waiting < MAX_WAITING_LOOKUPS) return FETCH_NEEDED;
    return this.#refuse("keys_unavailable", this.#copy.retryInMs(now));
  }

  #lookUnknown(query: KeyQuery, lookup: RefusedLookup, waitedSince: number | undefined): KeyLookup {
    const refresher = this.#refresher;
    const negative = this.#negative;
    const now = refresher.now();
    const tell = (outcome: "negative_cached" | "refetch_miss" | "cooldown"): void =>
      refresher.tell({ type: "unknown_key", outcome });
    const remembered = negative.recall(query);
    const askedAt = remembered ?? waitedSince;
    const isProven = askedAt !== undefined && this.#copy.sequence > askedAt;
    if (!isPublishable(query) || (isProven && this.#copy.isRecent(now))) {
      if (isProven && remembered === undefined) negative.remember(query, askedAt);
      tell(waitedSince === undefined ? "negative_cached" : "refetch_miss");
      return lookup;
    }
    if (remembered === undefined || isProven) negative.remember(query, refresher.flights);
    const waitMs = Math.max(this.#copy.retryInMs(now), this.#unknownAt - now);
    if (waitMs <= 0 && refresher.canFetch(now)) {
      this.#unknownAt = this.#endCooldown(now);
      refresher.start(now);
    }
    const isFlying = refresher.isFlying(now);
    if (isFlying && this.#waiting < MAX_WAITING_LOOKUPS) return FETCH_NEEDED;
    tell("cooldown");
    return this.#refuse("keys_stale", isFlying ? 0 : waitMs);
  }

  #endCooldown(now: number): number {
    return now + this.#options.settings.cooldownSeconds * 1000;
  }

  /** Keys for the query whose material is none of those that failed. */
  #findOthers(query: KeyQuery, failed: readonly VerificationKey[]): readonly VerificationKey[] {
    if (!this.#copy.isUsable(this.#refresher.now())) return [];
    const lookup = this.#copy.set?.find(query);
    if (lookup?.kind !== "found") return [];
    return lookup.keys.filter(({ material }) => failed.every((key) => key.material !== material));
  }

  /** Whether waiting can bring new material; starts the fetch where the cooldown allows one. */
  #mayReplace(): boolean {
    const refresher = this.#refresher;
    const now = refresher.now();
    if (!this.#copy.isUsable(now) || this.#waiting >= MAX_WAITING_LOOKUPS) return false;
    if (refresher.isFlying(now)) return true;
    if (!refresher.canFetch(now) || now < this.#replacementAt) return false;
    this.#replacementAt = this.#endCooldown(now);
    refresher.start(now);
    return true;
  }

  /**
   * Waits for the fetch under way, looks, and where that was not the answer, once more: the first may have been
   * started by others before the question. Undefined where time is up or both brought nothing.
   */
  async #afterFetch<T>(look: () => T | undefined): Promise<T | undefined> {
    let isTimeUp = false;
    const search = async (): Promise<T | undefined> => {
      for (let turn = 0; turn < 2; turn++) {
        await this.#refresher.underWay;
        const found = isTimeUp ? undefined : look();
        if (found !== undefined) return found;
      }
      return undefined;
    };
    this.#waiting++;
    try {
      // Not the flight's own timer: where a runtime froze the request that started it, nobody else may hang.
      return await settleWithin(search(), this.#options.settings.timeoutMs + SLACK_MS);
    } finally {
      isTimeUp = true;
      this.#waiting--;
    }
  }

  #refuse(reason: "keys_unavailable" | "keys_stale", waitMs: number = 0): RefusedLookup {
    const detail = this.#refresher.describeFailure();
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return { kind: "refused", reason, detail, ...(!this.#refresher.isClosed && { retryAfterSeconds }) };
  }
}

/** Import refuses keys with other kids, so that no fetch could bring one. */
function isPublishable({ keyId }: KeyQuery): boolean {
  return keyId === undefined || isKeyId(keyId);
}
