/** The status lists of issuers: fetched once for all tokens that refer to them, verified, remembered for as long as they say. */

import { ElapsedTime } from "../keys/elapsed-time.ts";
import type { Clock, ListedStatus, RevocableToken, StatusLists } from "../ports.ts";
import { readStatus, readStatusReference, type StatusList } from "../status/status-list.ts";
import type { StatusListIssuerOptions, StatusListsOptions } from "./status-list-options.ts";
import { openStatusListSource, type StatusListSource } from "./status-list-source.ts";

export interface ClosableStatusLists extends StatusLists {
  /** Stops fetching keys; idempotent. */
  close(): Promise<void>;
}

/** Bounds of `ttl`: no source makes us ask more often, or believe it for longer. */
const LEAST_TTL_SECONDS = 10;
const MOST_TTL_SECONDS = 86_400;
const DEFAULT_TTL_SECONDS = 300;
/** After a failure nobody asks again for so long. */
const COOLDOWN_MS = 5000;
/** Share of its life after which a list is fetched anew while it still counts. */
const REFRESH_SHARE = 0.75;

/**
 * Compiles whose lists are asked. Make it once, for `ValidatorOptions.statusLists`, and close it after the validator.
 *
 * @throws ConfigurationError, RangeError where an option is not acceptable.
 */
export function createStatusLists(options: StatusListsOptions): ClosableStatusLists {
  const { clock = Date.now } = options;
  const caches = new Map(
    options.issuers.map((issuer) => [issuer.issuer, new ListCache(issuer, { ...options, clock })] as const),
  );
  return {
    check: (token) => caches.get(token.claims["iss"] as string)?.check(token) ?? "valid",
    async close() {
      await Promise.all([...caches.values()].map((cache) => cache.close()));
    },
  };
}

interface Entry {
  list: StatusList | undefined;
  /** All in elapsed milliseconds. */
  refreshAt: number;
  freshUntil: number;
  usableUntil: number;
  /** Until when a failed fetch is not repeated. */
  restsUntil: number;
  fetching: Promise<void> | undefined;
}

class ListCache {
  readonly #source: StatusListSource;
  readonly #elapsed: ElapsedTime;
  readonly #clock: Clock;
  readonly #refusesWithout: boolean;
  readonly #maxStaleMs: number;
  readonly #maxLists: number;
  readonly #entries = new Map<string, Entry>();

  constructor(issuer: StatusListIssuerOptions, ports: StatusListsOptions & { readonly clock: Clock }) {
    const { withoutStatus = "accepted", maxStaleSeconds, maxLists, ...others } = issuer;
    this.#source = openStatusListSource(others, ports);
    this.#clock = ports.clock;
    this.#elapsed = new ElapsedTime(ports.clock);
    this.#refusesWithout = withoutStatus === "refused";
    this.#maxStaleMs = readBounded("maxStaleSeconds", maxStaleSeconds ?? 300, [0, 86_400]) * 1000;
    this.#maxLists = readBounded("maxLists", maxLists ?? 32, [1, 1024]);
  }

  check({ claims }: Pick<RevocableToken, "claims">): ListedStatus | Promise<ListedStatus> {
    const reference = readStatusReference(claims);
    if (reference === undefined) return this.#refusesWithout ? "malformed" : "valid";
    if (reference === "malformed" || !this.#source.admits(reference.uri)) return "malformed";
    const { uri, index } = reference;
    const entry = this.#open(uri);
    const now = this.#elapsed.now();
    if (entry.list !== undefined && now < entry.freshUntil) {
      if (now >= entry.refreshAt) this.#fetch(uri, entry)?.catch(() => undefined);
      return judge(entry.list, index);
    }
    const fetched = this.#fetch(uri, entry);
    if (fetched === undefined) return this.#judgeOld(entry, index);
    return fetched.then(() => this.#judgeOld(entry, index));
  }

  async close(): Promise<void> {
    await this.#source.close();
  }

  #judgeOld({ list, usableUntil }: Entry, index: number): ListedStatus {
    return list !== undefined && this.#elapsed.now() < usableUntil ? judge(list, index) : "unavailable";
  }

  /** One fetch for all who ask at a time; undefined while none is due. Never rejects. */
  #fetch(uri: string, entry: Entry): Promise<void> | undefined {
    if (entry.fetching !== undefined) return entry.fetching;
    if (this.#elapsed.now() < entry.restsUntil) return undefined;
    entry.fetching = this.#source.load(uri).then(
      (loaded) => {
        entry.fetching = undefined;
        const now = this.#elapsed.now();
        if (loaded === undefined) {
          entry.restsUntil = now + COOLDOWN_MS;
          return;
        }
        const { list, ttlSeconds = DEFAULT_TTL_SECONDS, expiresAtMs } = loaded;
        const ttlMs = Math.min(Math.max(ttlSeconds, LEAST_TTL_SECONDS), MOST_TTL_SECONDS) * 1000;
        const leftMs = expiresAtMs - this.#clock();
        entry.list = list;
        entry.freshUntil = now + Math.min(ttlMs, leftMs);
        entry.refreshAt = now + Math.min(ttlMs, leftMs) * REFRESH_SHARE;
        entry.usableUntil = now + Math.min(ttlMs + this.#maxStaleMs, leftMs);
      },
      () => {
        entry.fetching = undefined;
        entry.restsUntil = this.#elapsed.now() + COOLDOWN_MS;
      },
    );
    return entry.fetching;
  }

  #open(uri: string): Entry {
    const known = this.#entries.get(uri);
    const entry = known ?? {
      list: undefined,
      refreshAt: 0,
      freshUntil: 0,
      usableUntil: 0,
      restsUntil: Number.NEGATIVE_INFINITY,
      fetching: undefined,
    };
    if (known !== undefined) this.#entries.delete(uri);
    this.#entries.set(uri, entry);
    if (this.#entries.size > this.#maxLists) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
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

function readBounded(name: string, value: number, [least, most]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}`);
}
