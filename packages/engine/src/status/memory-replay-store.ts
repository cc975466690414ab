import type { Clock, ReplayStore } from "../ports.ts";

export interface MemoryReplayStoreOptions {
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
  /** Most keys remembered at a time, of about 200 bytes and their text each. Default 100,000. */
  readonly maxEntries?: number;
}

const DEFAULT_ENTRIES = 100_000;
/** Keys are forgotten by slices of time, so that nothing has to be sorted. */
const SLICE_MS = 10_000;
/** Most keys forgotten in one call, so that no call takes long. */
const MAX_FORGOTTEN = 1000;

/**
 * First use within one process. It rejects, and so refuses, rather than forget a key before its time; several
 * processes need a store that they share.
 */
export class MemoryReplayStore implements ReplayStore {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #expiries = new Map<string, number>();
  /** By the slice in which they expire. */
  readonly #slices = new Map<number, string[]>();
  /** The slice of time up to which all is forgotten. */
  #forgottenUntil = Number.NEGATIVE_INFINITY;

  constructor({ clock = Date.now, maxEntries = DEFAULT_ENTRIES }: MemoryReplayStoreOptions = {}) {
    if (!Number.isInteger(maxEntries) || maxEntries < 1) {
      throw new RangeError("maxEntries: expected a whole number from 1 on");
    }
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /** Keys remembered, of which some may have expired. */
  get size(): number {
    return this.#expiries.size;
  }

  // Synchronous up to its answer, so that of two callers one is first.
  async use(key: string, expiresAtMs: number): Promise<"first" | "seen"> {
    const nowMs = this.#clock();
    if (!Number.isFinite(nowMs)) throw new Error("The clock gave no finite number of milliseconds");
    if (!Number.isFinite(expiresAtMs)) throw new RangeError("expiresAtMs: expected a finite number");
    this.#forgetExpired(nowMs);
    const known = this.#expiries.get(key);
    if (known !== undefined && known > nowMs) return "seen";
    if (known === undefined && this.#expiries.size >= this.#maxEntries) {
      throw new Error(
        `expected at most ${this.#maxEntries} keys at a time; raise maxEntries or share a store`,
      );
    }
    this.#expiries.set(key, expiresAtMs);
    const slice = Math.floor(expiresAtMs / SLICE_MS);
    const keys = this.#slices.get(slice);
    if (keys === undefined) this.#slices.set(slice, [key]);
    else keys.push(key);
    return "first";
  }

  #forgetExpired(nowMs: number): void {
    const now = Math.floor(nowMs / SLICE_MS);
    if (now === this.#forgottenUntil) return;
    let left = MAX_FORGOTTEN;
    for (const [slice, keys] of this.#slices) {
      if (slice >= now) continue;
      for (; left > 0 && keys.length > 0; left--) {
        const key = keys.pop() ?? "";
        // One that was used again since then stands in a later slice too.
        if ((this.#expiries.get(key) ?? Number.POSITIVE_INFINITY) <= nowMs) this.#expiries.delete(key);
      }
      if (left === 0) return;
      this.#slices.delete(slice);
    }
    this.#forgottenUntil = now;
  }
}
