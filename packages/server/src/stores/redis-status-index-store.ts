import { createHash, randomInt } from "node:crypto";
import type { Clock } from "countersign";

import { RedisLink, type RedisScript } from "./redis-link.ts";
import type { RedisStoreOptions } from "./redis-revocation-store.ts";
import { StoreUnavailableError } from "./revocation-store.ts";
import {
  type AllocationRequest,
  checkAllocation,
  chooseFirstList,
  countPlaces,
  createFullError,
  type IndexedToken,
  LIST_GRACE_MS,
  MAX_LISTS,
  type StatusEntry,
  type StatusIndex,
  type StatusIndexStore,
} from "./status-index-store.ts";

/**
 * Keys: the issuer's last list, its lists by expiry, the token, the list that the caller takes for the last, the one that
 * would be next. Arguments: that last list, the next, capacity, places, milliseconds of now, of the token's expiry with its
 * grace, most lists, the token, then places to try. Answers list and index, or why there is none: "last" and the list that is, "again", "full".
 */
const PLACE = defineScript(`
local known = redis.call('GET', KEYS[3])
if known then return known end
local last = tonumber(redis.call('HGET', KEYS[1], 'last') or '0')
if last ~= tonumber(ARGV[1]) then return 'last ' .. last end
local state = redis.call('HMGET', KEYS[1], 'capacity', 'used')
local list, entries = last, KEYS[4]
local is_gone = redis.call('EXISTS', KEYS[4]) == 0
if is_gone or state[1] ~= ARGV[3] or tonumber(state[2]) >= tonumber(ARGV[4]) then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
  if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[7]) then return 'full' end
  list, entries = tonumber(ARGV[2]), KEYS[5]
  redis.call('HSET', KEYS[1], 'last', list, 'capacity', ARGV[3], 'used', 0)
end
local index
for try = 9, #ARGV do
  if redis.call('HSETNX', entries, ARGV[try], ARGV[8]) == 1 then index = ARGV[try]; break end
end
if not index then return 'again' end
redis.call('HINCRBY', KEYS[1], 'used', 1)
local expiry = math.max(tonumber(ARGV[6]), tonumber(redis.call('ZSCORE', KEYS[2], list) or '0'))
redis.call('ZADD', KEYS[2], expiry, list)
redis.call('PEXPIREAT', entries, string.format('%.0f', expiry))
redis.call('SET', KEYS[3], list .. ' ' .. index)
redis.call('PEXPIREAT', KEYS[3], ARGV[6])
return list .. ' ' .. index
`);

function defineScript(text: string): RedisScript {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

const TIMEOUT_MS = 5000;
const PAGE_SIZE = "250";
/** Places to try at a time; of a list that is three quarters full, one in a hundred callers has to come again. */
const TRIES = 16;
const MAX_ATTEMPTS = 64;
const CONCURRENT = 16;

/** Indices in Redis, shared by all machines. What expires goes by itself. */
export class RedisStatusIndexStore implements StatusIndexStore {
  readonly #link: RedisLink;
  readonly #clock: Clock;
  /** The last list of each issuer, as far as it is known here. */
  readonly #last = new Map<string, number>();

  /** `timeoutMs` is 5000 by default. @throws RangeError where an option is outside its bounds. */
  constructor(options: RedisStoreOptions) {
    this.#link = new RedisLink({ ...options, timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
    this.#clock = options.clock ?? Date.now;
  }

  async allocate(request: AllocationRequest): Promise<readonly StatusIndex[]> {
    checkAllocation(request);
    const placed: StatusIndex[] = [];
    // The more of them are under way when a list is full, the more have to come again.
    for (let start = 0; start < request.tokens.length; start += CONCURRENT) {
      const some = request.tokens.slice(start, start + CONCURRENT);
      placed.push(...(await Promise.all(some.map((token) => this.#place(request, token)))));
    }
    return placed;
  }

  async listLists(issuer: string): Promise<readonly number[]> {
    const key = this.#name(issuer)("lists");
    const args = ["ZRANGEBYSCORE", key, String(Math.floor(this.#clock())), "+inf"];
    const found = (await this.#link.send({ key, args })) as readonly string[];
    return found.map(Number).toSorted((left, right) => left - right);
  }

  async *readPages(issuer: string, list: number): AsyncIterable<readonly StatusEntry[]> {
    const key = this.#name(issuer)(`list:${list}`);
    let cursor = "0";
    do {
      const args = ["HSCAN", key, cursor, "COUNT", PAGE_SIZE];
      const [next, fields] = (await this.#link.send({ key, args })) as readonly [string, readonly string[]];
      cursor = next;
      const entries: StatusEntry[] = [];
      for (let index = 0; index + 1 < fields.length; index += 2) {
        entries.push({
          index: Number(fields[index]),
          token: JSON.parse(fields[index + 1] ?? "null") as IndexedToken,
        });
      }
      if (entries.length > 0) yield entries;
    } while (cursor !== "0");
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #place({ issuer, capacity }: AllocationRequest, token: IndexedToken): Promise<StatusIndex> {
    const key = this.#name(issuer);
    const untilMs = token.expiresAtMs + LIST_GRACE_MS;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const last = this.#last.get(issuer) ?? 0;
      const next = last === 0 ? chooseFirstList(this.#clock()) : last + 1;
      const answer = await this.#link.write({
        script: PLACE,
        keys: [
          key("last"),
          key("lists"),
          key(`token:${digest(token.jti)}`),
          key(`list:${last}`),
          key(`list:${next}`),
        ],
        args: [
          String(last),
          String(next),
          String(capacity),
          String(countPlaces(capacity)),
          String(Math.floor(this.#clock())),
          String(untilMs),
          String(MAX_LISTS),
          JSON.stringify(token),
          ...Array.from({ length: TRIES }, () => String(randomInt(capacity))),
        ],
      });
      if (answer === "full") throw createFullError();
      if (answer === "again") continue;
      const [first = "", second = ""] = String(answer).split(" ");
      if (first === "last") this.#last.set(issuer, Number(second));
      else return { list: Number(first), index: Number(second) };
    }
    throw new StoreUnavailableError(`no place in a status list in ${MAX_ATTEMPTS} attempts`);
  }

  /** The braces keep an issuer's keys in one slot of a cluster. */
  #name(issuer: string): (name: string) => string {
    return (name) => `${this.#link.prefix}:{status:${digest(issuer)}}:${name}`;
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
