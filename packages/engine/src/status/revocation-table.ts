import { OrderedSegment, PLACE_BITS, type SegmentEntry } from "./ordered-segment.ts";

/**
 * Each segment grows, shrinks and is cleared out by itself: at 10 million entries one holds about 10,000, so that
 * no step takes longer than a part of a millisecond, and growing never needs a second copy of the whole.
 */
const SEGMENTS: number = 2 ** (32 - PLACE_BITS);

/**
 * Hashes with the second at which each expires and a cut-off: 20 bytes an entry, of which at least two in three are
 * in use while it grows. The words of a hash have to be evenly distributed and secret.
 */
export class RevocationTable {
  readonly #segments: (OrderedSegment | undefined)[] = Array.from({ length: SEGMENTS });
  #size = 0;
  #nextToClear = 0;

  /** Entries, of which some may have expired since they were last cleared out. */
  get size(): number {
    return this.#size;
  }

  /** Of all segments' words. */
  get bytes(): number {
    return this.#segments.reduce((bytes, segment) => bytes + (segment?.bytes ?? 0), 0);
  }

  /** Fills `entry`, and says whether there is one. */
  find(hash: Uint32Array, entry: SegmentEntry): boolean {
    return this.#segments[segmentOf(hash)]?.find(hash, entry) ?? false;
  }

  /** Enters the hash, or replaces what is entered for it. */
  set(hash: Uint32Array, entry: Readonly<SegmentEntry>): void {
    const index = segmentOf(hash);
    const segment = this.#segments[index] ?? new OrderedSegment();
    const before = segment.size;
    segment.set(hash, entry);
    this.#segments[index] = segment;
    this.#size += segment.size - before;
  }

  delete(hash: Uint32Array): boolean {
    const wasThere = this.#segments[segmentOf(hash)]?.delete(hash) ?? false;
    if (wasThere) this.#size--;
    return wasThere;
  }

  /** Clears out the next segments in turn; says how many entries went. All of the table is `1` of it. */
  clearOut(nowSeconds: number, share: number): number {
    let cleared = 0;
    for (let count = Math.min(SEGMENTS, Math.ceil(share * SEGMENTS)); count > 0; count--) {
      const segment = this.#segments[this.#nextToClear];
      cleared += segment?.clearOut(nowSeconds) ?? 0;
      if (segment?.size === 0) this.#segments[this.#nextToClear] = undefined;
      this.#nextToClear = (this.#nextToClear + 1) % SEGMENTS;
    }
    this.#size -= cleared;
    return cleared;
  }
}

function segmentOf(hash: Uint32Array): number {
  return (hash[0] as number) >>> PLACE_BITS;
}
