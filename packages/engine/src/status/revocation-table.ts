import { OrderedSegment, PLACE_BITS, type SegmentEntry } from "./ordered-segment.ts";
import { TableFilter } from "./table-filter.ts";

/**
 * Each segment grows, shrinks and is cleared out by itself: at 10 million entries one holds about 10,000, so that
 * no step takes longer than a part of a millisecond, and growing never needs a second copy of the whole.
 */
const SEGMENT_BITS: number = 32 - PLACE_BITS;
const SEGMENTS: number = 2 ** SEGMENT_BITS;

/**
 * Hashes with the second at which each expires and a cut-off: 20 bytes an entry, of which at least two in three are
 * in use while it grows, and a byte or two of filter. The words of a hash have to be evenly distributed and secret.
 */
export class RevocationTable {
  readonly #segments: (OrderedSegment | undefined)[] = Array.from({ length: SEGMENTS });
  #filter = new TableFilter();
  /** Replaces the filter once all segments are in it; those before `#filled` are. */
  #nextFilter: TableFilter | undefined;
  #filled = 0;
  #changesUntilFill = 0;
  #size = 0;
  #nextToClear = 0;

  /** Entries, of which some may have expired since they were last cleared out. */
  get size(): number {
    return this.#size;
  }

  /** Of all segments' words and the filter. */
  get bytes(): number {
    const filters = this.#filter.bytes + (this.#nextFilter?.bytes ?? 0);
    return this.#segments.reduce((bytes, segment) => bytes + (segment?.bytes ?? 0), filters);
  }

  /** Fills `entry`, and says whether there is one. */
  find(hash: Uint32Array, entry: SegmentEntry): boolean {
    if (!this.#filter.mayHold(hash[0] as number, hash[1] as number)) return false;
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
    this.#filter.enter(hash[0] as number, hash[1] as number);
    this.#nextFilter?.enter(hash[0] as number, hash[1] as number);
    this.#renewFilter();
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
      const index = this.#nextToClear;
      const segment = this.#segments[index];
      cleared += segment?.clearOut(nowSeconds) ?? 0;
      if (segment?.size === 0) this.#segments[index] = undefined;
      this.#filter.forget(index, SEGMENT_BITS);
      this.#fill(this.#filter, index);
      if (this.#nextFilter !== undefined) this.#fillNext(this.#nextFilter);
      this.#nextToClear = (index + 1) % SEGMENTS;
    }
    this.#size -= cleared;
    this.#renewFilter();
    return cleared;
  }

  /** After a change: another filter, where one is due, within a quarter as many changes as there are entries. */
  #renewFilter(): void {
    if (this.#nextFilter === undefined) {
      if (this.#filter.fits(this.#size)) return;
      this.#nextFilter = new TableFilter(this.#size);
    }
    if (--this.#changesUntilFill > 0) return;
    this.#changesUntilFill = this.#size / (4 * SEGMENTS);
    this.#fillNext(this.#nextFilter);
  }

  /** One segment into the next filter, which then takes over if that was the last one. */
  #fillNext(next: TableFilter): void {
    this.#fill(next, this.#filled);
    this.#filled += 1;
    if (this.#filled < SEGMENTS) return;
    this.#filter = next;
    this.#nextFilter = undefined;
    this.#filled = 0;
  }

  #fill(filter: TableFilter, index: number): void {
    this.#segments[index]?.forEach((first, second) => {
      filter.enter(first, second);
    });
  }
}

function segmentOf(hash: Uint32Array): number {
  return (hash[0] as number) >>> PLACE_BITS;
}
