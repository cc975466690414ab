import { randomBytes } from "node:crypto";
import type { Clock, RemainingRevocation, Revocation } from "countersign";
import { checkLift, checkLimit, checkQuery, checkRead, checkRevocations, checkWait } from "./check-bounds.ts";
import {
  INSTANCE_RETENTION_MS,
  type InstanceRegistry,
  type InstanceReport,
  type KnownInstance,
  MAX_INSTANCES,
} from "./instance-registry.ts";
import { matchRevocation } from "./match-revocation.ts";
import {
  type AppendResult,
  type ChangeQuery,
  type FeedChange,
  type FeedHead,
  type FeedPage,
  type FeedRecord,
  type LiftResult,
  type ListedRevocation,
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
import { isSameRevocation } from "./same-revocation.ts";

interface Kept {
  readonly revocation: Revocation;
  readonly position: number;
  liftedAt: number | undefined;
}

/** Most revocations; more are refused rather than one forgotten. */
const MAX_KEPT = 1_000_000;

/** Revocations in the memory of one process: for one sidecar, until it ends. */
export class MemoryRevocationStore implements RevocationStore, InstanceRegistry {
  readonly #clock: Clock;
  /** In order of positions. */
  #records: FeedRecord[] = [];
  readonly #byId = new Map<string, Kept>();
  readonly #byTarget = new Map<string, Set<Kept>>();
  readonly #instances = new Map<string, { readonly report: InstanceReport; readonly atMs: number }>();
  readonly #waiting = new Set<() => void>();
  #head: FeedHead = { position: 0, mark: "" };
  #isClosed = false;

  constructor({ clock = Date.now }: { readonly clock?: Clock } = {}) {
    this.#clock = clock;
  }

  async append(revocations: readonly Revocation[]): Promise<readonly AppendResult[]> {
    checkRevocations(revocations);
    this.#checkOpen();
    this.#checkRoom(revocations);
    return revocations.map((revocation) => {
      const { id } = revocation;
      const known = this.#byId.get(id);
      if (known !== undefined) return { id, position: known.position, outcome: "known" };
      const position = this.#add({ type: "revoked", revocation });
      const kept: Kept = { revocation, position, liftedAt: undefined };
      this.#byId.set(id, kept);
      this.#siblings(revocation).add(kept);
      return { id, position, outcome: "added" };
    });
  }

  async lift(lift: RevocationLift): Promise<LiftResult> {
    checkLift(lift);
    this.#checkOpen();
    const kept = this.#byId.get(lift.id);
    if (kept === undefined) return { outcome: "unknown", position: undefined };
    if (kept.liftedAt !== undefined) return { outcome: "known", position: kept.liftedAt };
    const { target, status } = kept.revocation;
    const others = [...this.#siblings(kept.revocation)].filter(
      (other) => other !== kept && this.#isInForce(other),
    );
    const lifted = { target, status, remaining: mergeRemaining(others.map(({ revocation }) => revocation)) };
    kept.liftedAt = this.#add({ type: "lifted", lift, lifted });
    return { outcome: "lifted", position: kept.liftedAt };
  }

  async read(query: { readonly after: number; readonly limit: number }): Promise<FeedPage> {
    checkRead(query);
    this.#checkOpen();
    const start = this.#findStart(query.after);
    return { records: this.#records.slice(start, start + query.limit), head: this.#head };
  }

  async waitForChange(query: ChangeQuery): Promise<undefined> {
    checkWait(query);
    const { after, timeoutMs, signal } = query;
    this.#checkOpen();
    if (this.#head.position !== after || signal.aborted) return undefined;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      signal.addEventListener("abort", end, { once: true });
      this.#waiting.add(end);
    });
    this.#checkOpen();
    return undefined;
  }

  async list(query: RevocationQuery): Promise<RevocationListing> {
    checkQuery(query);
    this.#checkOpen();
    const { filter, limit, before = Number.POSITIVE_INFINITY } = query;
    const entries: ListedRevocation[] = [];
    for (let index = this.#records.length - 1; index >= 0; index--) {
      const { position, change } = this.#records[index] ?? { position: 0, change: undefined };
      if (position >= before || change?.type !== "revoked") continue;
      const { revocation } = change;
      if (!matchRevocation(revocation, filter)) continue;
      entries.push({ revocation, position, isLifted: this.#byId.get(revocation.id)?.liftedAt !== undefined });
      if (entries.length === limit) return { entries, next: position };
    }
    return { entries, next: undefined };
  }

  async expire(limit: number): Promise<number> {
    checkLimit(limit);
    this.#checkOpen();
    const until = this.#clock() - RETENTION_MS;
    let left = Number.isFinite(until) ? limit : 0;
    const before = this.#records.length;
    this.#records = this.#records.filter(({ change }) => {
      const id = change?.type === "revoked" ? change.revocation.id : (change?.lift.id ?? "");
      const kept = this.#byId.get(id);
      const expiresAtMs =
        change?.type === "revoked" ? change.revocation.expiresAtMs : kept?.revocation.expiresAtMs;
      if (left === 0 || (expiresAtMs !== undefined && expiresAtMs > until)) return true;
      left--;
      if (change?.type === "revoked" && kept !== undefined) this.#forget(kept);
      return false;
    });
    return before - this.#records.length;
  }

  async report(report: InstanceReport): Promise<void> {
    this.#checkOpen();
    if (this.#instances.size < MAX_INSTANCES || this.#instances.has(report.id)) {
      this.#instances.set(report.id, { report, atMs: this.#clock() });
    }
  }

  async listInstances(): Promise<readonly KnownInstance[]> {
    const nowMs = this.#clock();
    return [...this.#instances.values()]
      .map(({ report, atMs }) => ({ ...report, silentMs: Math.max(0, nowMs - atMs) }))
      .filter(({ silentMs }) => silentMs <= INSTANCE_RETENTION_MS);
  }

  async forgetInstance(id: string): Promise<void> {
    this.#instances.delete(id);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const end of this.#waiting) end();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new StoreUnavailableError("the store was closed");
  }

  /** All or none. */
  #checkRoom(revocations: readonly Revocation[]): void {
    const added = new Map<string, Revocation>();
    const counts = new Map<string, number>();
    for (const revocation of revocations) {
      const { id } = revocation;
      const other = this.#byId.get(id)?.revocation ?? added.get(id);
      if (other !== undefined && !isSameRevocation(other, revocation)) {
        throw new RevocationConflictError(`the id ${id} is that of another revocation; choose a new one`);
      }
      if (other !== undefined) continue;
      added.set(id, revocation);
      const name = nameTarget(revocation);
      const count =
        counts.get(name) ??
        [...(this.#byTarget.get(name) ?? [])].filter((kept) => this.#isInForce(kept)).length;
      counts.set(name, count + 1);
      if (count >= MAX_PER_TARGET) {
        throw new RevocationLimitError(
          `expected at most ${MAX_PER_TARGET} revocations of one target; lift some`,
        );
      }
    }
    if (this.#records.length + added.size > MAX_KEPT) {
      throw new StoreUnavailableError(
        `expected at most ${MAX_KEPT} revocations in memory; use another store`,
      );
    }
  }

  #add(change: FeedChange): number {
    const position = this.#head.position + 1;
    const mark = randomBytes(8).toString("hex");
    this.#records.push({ position, mark, previousMark: this.#head.mark, change });
    this.#head = { position, mark };
    for (const end of this.#waiting) end();
    return position;
  }

  #forget(kept: Kept): void {
    const name = nameTarget(kept.revocation);
    this.#byId.delete(kept.revocation.id);
    const siblings = this.#byTarget.get(name);
    siblings?.delete(kept);
    if (siblings?.size === 0) this.#byTarget.delete(name);
  }

  #siblings(revocation: Revocation): Set<Kept> {
    const name = nameTarget(revocation);
    const siblings = this.#byTarget.get(name) ?? new Set();
    this.#byTarget.set(name, siblings);
    return siblings;
  }

  #isInForce({ revocation, liftedAt }: Kept): boolean {
    return liftedAt === undefined && revocation.expiresAtMs > this.#clock();
  }

  /** Index of the first record after a position. */
  #findStart(after: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[middle]?.position ?? 0) <= after) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function nameTarget({ target, status }: Revocation): string {
  return JSON.stringify([target.kind, target.issuer, target.value, status]);
}

function mergeRemaining(others: readonly Revocation[]): RemainingRevocation | undefined {
  if (others.length === 0) return undefined;
  const expiresAtMs = Math.max(...others.map((other) => other.expiresAtMs));
  const cutOffs = others.flatMap(({ target }) => target.issuedBeforeSeconds ?? []);
  return cutOffs.length === 0 ? { expiresAtMs } : { expiresAtMs, issuedBeforeSeconds: Math.max(...cutOffs) };
}
