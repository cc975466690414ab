/** The status lists of one issuer, each remembered for as long as it may be used, and got once for all who ask. */

import { ElapsedTime } from "../keys/elapsed-time.ts";
import type { Clock, ListedStatus, RevocableToken } from "../ports.ts";
import { readStatus, readStatusReference, type StatusList } from "../status/status-list.ts";
import type { CompressedStatusList, SharedStatusList } from "./shared-status-list.ts";

/** A list with the time for which it counts, from when it was asked for or came. */
export interface TimedStatusList {
  /** Undefined where it is the one that there was, of the version that was named. */
  readonly list: StatusList | undefined;
  /** Undefined where nobody else is to have it. */
  readonly compressed: CompressedStatusList | undefined;
  readonly version: number;
  readonly freshForMs: number;
  readonly usableForMs: number;
}

/** Where the lists of one issuer come from. */
export interface TimedListSource {
  admits(uri: string): boolean;
  /** Undefined where there is no good list. May reject for the same. `version` is that of the list at hand, else 0. */
  load(uri: string, version: number): Promise<TimedStatusList | undefined>;
  /** After a failure nobody asks again for so long. */
  readonly cooldownMs: number;
  close(): Promise<void>;
}

export interface StatusListCacheSetup {
  readonly source: TimedListSource;
  readonly clock: Clock;
  readonly refusesWithout: boolean;
  readonly maxLists: number;
}

/** Share of its life after which a list is got anew while it still counts. */
const REFRESH_SHARE = 0.75;
/** Between two looks, however short the life of a list is. */
const LEAST_PAUSE_MS = 1000;

interface Entry {
  list: StatusList | undefined;
  compressed: CompressedStatusList | undefined;
  version: number;
  /** All in elapsed milliseconds. */
  refreshAt: number;
  freshUntil: number;
  usableUntil: number;
  /** Until when nobody asks again. */
  restsUntil: number;
  fetching: Promise<void> | undefined;
}

export class StatusListCache {
  readonly #setup: StatusListCacheSetup;
  readonly #elapsed: ElapsedTime;
  readonly #entries = new Map<string, Entry>();

  constructor(setup: StatusListCacheSetup) {
    this.#setup = setup;
    this.#elapsed = new ElapsedTime(setup.clock);
  }

  check({ claims }: Pick<RevocableToken, "claims">): ListedStatus | Promise<ListedStatus> {
    const reference = readStatusReference(claims);
    if (reference === undefined) return this.#setup.refusesWithout ? "malformed" : "valid";
    if (reference === "malformed" || !this.#setup.source.admits(reference.uri)) return "malformed";
    const { uri, index } = reference;
    const entry = this.#open(uri);
    const pending = this.#refresh(uri, entry);
    if (pending === undefined) return this.#judge(entry, index);
    return pending.then(() => this.#judge(entry, index));
  }

  /** The list for another process; undefined where there is none. Never rejects. */
  async share(uri: string, version: number): Promise<SharedStatusList | undefined> {
    if (!this.#setup.source.admits(uri)) return undefined;
    const entry = this.#open(uri);
    await this.#refresh(uri, entry);
    const now = this.#elapsed.now();
    const { compressed } = entry;
    if (compressed === undefined || now >= entry.usableUntil) return undefined;
    return {
      version: entry.version,
      freshForMs: Math.max(0, entry.freshUntil - now),
      usableForMs: entry.usableUntil - now,
      list: entry.version === version ? undefined : compressed,
    };
  }

  async close(): Promise<void> {
    await this.#setup.source.close();
  }

  /** What has to be waited for: nothing while a fresh list is there, though another may be on its way. */
  #refresh(uri: string, entry: Entry): Promise<void> | undefined {
    const now = this.#elapsed.now();
    if (entry.list === undefined || now >= entry.freshUntil) return this.#fetch(uri, entry);
    if (now >= entry.refreshAt) this.#fetch(uri, entry)?.catch(() => undefined);
    return undefined;
  }

  #judge({ list, usableUntil }: Entry, index: number): ListedStatus {
    return list !== undefined && this.#elapsed.now() < usableUntil ? judge(list, index) : "unavailable";
  }

  /** One fetch for all who ask at a time; undefined while none is due. Never rejects. */
  #fetch(uri: string, entry: Entry): Promise<void> | undefined {
    if (entry.fetching !== undefined) return entry.fetching;
    if (this.#elapsed.now() < entry.restsUntil) return undefined;
    const { source } = this.#setup;
    entry.fetching = source.load(uri, entry.version).then(
      (loaded) => {
        entry.fetching = undefined;
        const isTaken = loaded !== undefined && this.#take(entry, loaded);
        const pauseMs = isTaken ? LEAST_PAUSE_MS : source.cooldownMs;
        entry.restsUntil = this.#elapsed.now() + pauseMs;
      },
      () => {
        entry.fetching = undefined;
        entry.restsUntil = this.#elapsed.now() + source.cooldownMs;
      },
    );
    return entry.fetching;
  }

  #take(entry: Entry, { list, compressed, version, freshForMs, usableForMs }: TimedStatusList): boolean {
    if (list === undefined && version !== entry.version) return false;
    const now = this.#elapsed.now();
    if (list !== undefined) {
      entry.list = list;
      entry.compressed = compressed;
      entry.version = version;
    }
    entry.freshUntil = now + freshForMs;
    entry.refreshAt = now + freshForMs * REFRESH_SHARE;
    entry.usableUntil = now + usableForMs;
    return true;
  }

  #open(uri: string): Entry {
    const known = this.#entries.get(uri);
    const entry = known ?? {
      list: undefined,
      compressed: undefined,
      version: 0,
      refreshAt: 0,
      freshUntil: 0,
      usableUntil: 0,
      restsUntil: Number.NEGATIVE_INFINITY,
      fetching: undefined,
    };
    // The one that was asked for last is the last to go.
    if (known !== undefined) this.#entries.delete(uri);
    this.#entries.set(uri, entry);
    if (this.#entries.size > this.#setup.maxLists) {
      const [oldest = ""] = this.#entries.keys();
      this.#entries.delete(oldest);
    }
    return entry;
  }
}

/** Section 7.1: what is not known to be valid is not. */
function judge(list: StatusList, index: number): ListedStatus {
  const value = readStatus(list, index);
  if (value === undefined) return "malformed";
  if (value === 0) return "valid";
  return value === 2 ? "suspended" : "revoked";
}
