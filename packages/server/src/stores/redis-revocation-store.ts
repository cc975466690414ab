import { randomBytes } from "node:crypto";
import type { Clock, Revocation } from "countersign";
import { checkLift, checkLimit, checkQuery, checkRead, checkRevocations, checkWait } from "./check-bounds.ts";
import { findRedisWeaknesses } from "./find-redis-weaknesses.ts";
import {
  INSTANCE_RETENTION_MS,
  type InstanceRegistry,
  type InstanceReport,
  type KnownInstance,
  MAX_INSTANCES,
  readInstance,
} from "./instance-registry.ts";
import { matchRevocation } from "./match-revocation.ts";
import type { RedisOptions } from "./redis-client.ts";
import { RedisLink, type ScriptCall } from "./redis-link.ts";
import { readPosition, readRecord, writeRevocation } from "./redis-records.ts";
import {
  APPEND,
  EXPIRE,
  FIND,
  FORGET_INSTANCE,
  INSTANCES,
  LIFT,
  LIST,
  READ,
  REPORT,
} from "./redis-scripts.ts";
import {
  type AppendResult,
  type ChangeQuery,
  type FeedPage,
  type LiftResult,
  type ListedRevocation,
  MAX_PAGE,
  MAX_PER_TARGET,
  RETENTION_MS,
  RevocationConflictError,
  type RevocationLift,
  RevocationLimitError,
  type RevocationListing,
  type RevocationQuery,
  type RevocationStore,
  StoreUnavailableError,
} from "./revocation-store.ts";

export interface RedisStoreOptions extends RedisOptions {
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
}

/** A wait is made of such parts, so that nobody waits long behind one whom nobody waits for any more. */
const BLOCK_MS = 1000;
/** Pages of the stream that one listing looks through. */
const LISTED_PAGES = 10;

/**
 * Revocations in Redis, shared by all machines. What Redis acknowledges is as durable as Redis is configured to be:
 * `appendonly yes` with `appendfsync always` outlives the crash of its machine, `replicas` its loss.
 */
export class RedisRevocationStore implements RevocationStore, InstanceRegistry {
  readonly #link: RedisLink;
  /** For the command that blocks. */
  readonly #waitingLink: RedisLink;
  readonly #keys: readonly [string, ...string[]];
  readonly #instanceKeys: readonly [string, ...string[]];
  readonly #clock: Clock;

  /** @throws RangeError where an option is outside its bounds. */
  constructor(options: RedisStoreOptions) {
    this.#link = new RedisLink(options);
    this.#waitingLink = this.#link.duplicate();
    const { prefix } = this.#link;
    // The braces keep them in one slot of a cluster.
    const key = (name: string): string => `${prefix}:{revocations}:${name}`;
    this.#keys = [key("feed"), key("head"), key("ids"), key("targets"), key("expiries"), key("lifts")];
    this.#instanceKeys = [key("instances"), key("reports")];
    this.#clock = options.clock ?? Date.now;
  }

  async append(revocations: readonly Revocation[]): Promise<readonly AppendResult[]> {
    checkRevocations(revocations);
    if (revocations.length === 0) return [];
    const args = revocations.flatMap((revocation) => writeRevocation(revocation, createMark()));
    const call = this.#call(APPEND, [this.#now(), String(MAX_PER_TARGET), ...args]);
    const [outcome, ...rest] = readTexts(await this.#link.write(call));
    if (outcome === "conflict") {
      throw new RevocationConflictError(`the id ${rest[0]} is that of another revocation; choose a new one`);
    }
    if (outcome === "limit") {
      throw new RevocationLimitError(
        `expected at most ${MAX_PER_TARGET} revocations of one target; lift some`,
      );
    }
    return revocations.map(({ id }, index) => ({
      id,
      position: Number(rest[index * 2]),
      outcome: rest[index * 2 + 1] === "added" ? "added" : "known",
    }));
  }

  async lift(lift: RevocationLift): Promise<LiftResult> {
    checkLift(lift);
    const { id, actor, reason, liftedAtMs } = lift;
    const json = JSON.stringify({ id, actor, reason, liftedAtMs });
    const call = this.#call(LIFT, [this.#now(), id, createMark(), json]);
    const [outcome, position] = readTexts(await this.#link.write(call));
    if (outcome !== "lifted" && outcome !== "known") return { outcome: "unknown", position: undefined };
    return { outcome, position: Number(position) };
  }

  async read({ after, limit }: { readonly after: number; readonly limit: number }): Promise<FeedPage> {
    checkRead({ after, limit });
    const answer = await this.#link.run(this.#call(READ, [String(after), String(limit)]));
    const [position, mark, entries] = answer as readonly [string, string, readonly unknown[]];
    return { records: entries.map(readRecord), head: { position: Number(position), mark } };
  }

  async waitForChange({ after, limit, timeoutMs, signal }: ChangeQuery): Promise<FeedPage | undefined> {
    checkWait({ after, timeoutMs });
    if (limit !== undefined) checkLimit(limit);
    const [key] = this.#keys;
    const deadline = performance.now() + timeoutMs;
    let abort = (): void => undefined;
    const aborted = new Promise<undefined>((resolve) => {
      abort = () => resolve(undefined);
    });
    signal.addEventListener("abort", abort, { once: true });
    try {
      for (let leftMs = timeoutMs; leftMs > 0 && !signal.aborted; leftMs = deadline - performance.now()) {
        const blockMs = Math.max(1, Math.ceil(Math.min(leftMs, BLOCK_MS)));
        const count = ["COUNT", String(limit ?? 1), "BLOCK", String(blockMs)];
        const args = ["XREAD", ...count, "STREAMS", key, `${after}-0`];
        const answer = this.#waitingLink.send({ key, args, timeoutMs: BLOCK_MS * 5 });
        const found = await Promise.race([answer, aborted]);
        // Of one that nobody waits for any more.
        answer.catch(() => undefined);
        if (found !== null) return limit === undefined ? undefined : readNews(found);
      }
      return undefined;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async list({ filter, limit, before }: RevocationQuery): Promise<RevocationListing> {
    checkQuery({ filter, limit, ...(before === undefined ? {} : { before }) });
    const entries: ListedRevocation[] = [];
    let next = String(before ?? Number.MAX_SAFE_INTEGER);
    let pages = LISTED_PAGES;
    if (filter.id !== undefined) {
      const position = await this.#link.run(this.#call(FIND, [filter.id]));
      if (typeof position !== "string" || Number(position) >= Number(next))
        return { entries, next: undefined };
      next = String(Number(position) + 1);
    }
    for (; pages > 0; pages--) {
      const size = filter.id === undefined ? MAX_PAGE : 1;
      const found = (await this.#link.run(
        this.#call(LIST, [next, String(size)]),
      )) as readonly (readonly unknown[])[];
      for (const entry of found) {
        const { change, position } = readRecord(entry);
        next = String(position);
        if (change?.type !== "revoked" || !matchRevocation(change.revocation, filter)) continue;
        entries.push({ revocation: change.revocation, position, isLifted: entry[2] === 1 });
        if (entries.length === limit) return { entries, next: position };
      }
      if (found.length < size || filter.id !== undefined) return { entries, next: undefined };
    }
    return { entries, next: readPosition(next) };
  }

  async expire(limit: number): Promise<number> {
    checkLimit(limit);
    const until = Math.floor(this.#clock() - RETENTION_MS);
    if (!Number.isFinite(until)) return 0;
    return Number(await this.#link.write(this.#call(EXPIRE, [String(until), String(limit)])));
  }

  /** In what the server, as it is configured, may lose what it acknowledged; for people. Empty where it may not. */
  async findWeaknesses(): Promise<readonly string[]> {
    return findRedisWeaknesses(this.#link, this.#keys[0]);
  }

  async report(report: InstanceReport): Promise<void> {
    const args = [report.id, JSON.stringify(report), String(INSTANCE_RETENTION_MS)];
    await this.#link.run({ script: REPORT, keys: this.#instanceKeys, args });
  }

  async listInstances(): Promise<readonly KnownInstance[]> {
    const args = [String(INSTANCE_RETENTION_MS), String(MAX_INSTANCES)];
    const found = await this.#link.run({ script: INSTANCES, keys: this.#instanceKeys, args });
    return (found as readonly (readonly [string, unknown])[]).flatMap(
      ([silentMs, json]) => readInstance(json, Number(silentMs)) ?? [],
    );
  }

  async forgetInstance(id: string): Promise<void> {
    await this.#link.run({ script: FORGET_INSTANCE, keys: this.#instanceKeys, args: [id] });
  }

  async close(): Promise<void> {
    await Promise.all([this.#link.close(), this.#waitingLink.close()]);
  }

  #call(script: ScriptCall["script"], args: readonly string[]): ScriptCall {
    return { script, keys: this.#keys, args };
  }

  /** A clock that gives no time takes nothing for expired. */
  #now(): string {
    const now = Math.floor(this.#clock());
    return String(Number.isFinite(now) ? now : 0);
  }
}

function createMark(): string {
  return randomBytes(8).toString("hex");
}

/** What XREAD gives of one stream. Its last record is the head, or the head has expired, which the next look shows. */
function readNews(answer: unknown): FeedPage | undefined {
  const [[, entries] = []] = (answer ?? []) as readonly (readonly [string, readonly unknown[]] | [])[];
  const records = entries?.map(readRecord) ?? [];
  const last = records.at(-1);
  return last && { records, head: { position: last.position, mark: last.mark } };
}

/** @throws StoreUnavailableError where the answer is no list of texts, which no script of ours gives. */
function readTexts(answer: unknown): readonly string[] {
  if (Array.isArray(answer) && answer.every((text) => typeof text === "string")) return answer;
  throw new StoreUnavailableError("Redis gave an answer in a form that is not known");
}
