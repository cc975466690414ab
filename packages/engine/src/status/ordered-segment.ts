/**
 * A part of the revocation table: entries in the order of their hashes, each at the place that its hash computes to
 * or, where that is taken, right behind (linear probing that keeps the order). A look-up ends at the first empty place
 * or larger hash, which stays a few steps even where four of five places are taken; growing and clearing out are one
 * pass in order.
 */

/** An entry is five words: three of hash, the second at which it expires (0: empty place), and its cut-off. */
const WORDS = 5;
const EXPIRY = 3;
const CUT_OFF = 4;

/** Bits of the first hash word that place an entry; those above choose the segment. */
export const PLACE_BITS = 22;
const PLACES: number = 2 ** PLACE_BITS;

const LEAST_CAPACITY = 8;
const MOST_LOAD = 0.8;
const GROWTH = 1.15;
/** Where the segment shrinks when it is cleared out. */
const LEAST_LOAD = 0.5;

/** The latest of what was entered for the same hash. */
export interface SegmentEntry {
  expiresSeconds: number;
  cutOffSeconds: number;
}

export class OrderedSegment {
  #words: Uint32Array = allocate(LEAST_CAPACITY);
  #capacity: number = LEAST_CAPACITY;
  #size = 0;
  #earliestExpiry = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Fills `entry`, and says whether there is one. */
  find(hash: Uint32Array, entry: SegmentEntry): boolean {
    const at = this.#locate(hash);
    if (at < 0) return false;
    entry.expiresSeconds = this.#words[at + EXPIRY] as number;
    entry.cutOffSeconds = this.#words[at + CUT_OFF] as number;
    return true;
  }

  /** The first two words of each hash, in order. */
  forEach(visit: (first: number, second: number) => void): void {
    const words = this.#words;
    for (let at = 0; at < words.length; at += WORDS) {
      if (words[at + EXPIRY] !== 0) visit(words[at] as number, words[at + 1] as number);
    }
  }

  /** Enters the hash, or replaces what is entered for it. */
  set(hash: Uint32Array, { expiresSeconds, cutOffSeconds }: Readonly<SegmentEntry>): void {
    let at = this.#locate(hash);
    if (at < 0) {
      if (this.#size >= this.#capacity * MOST_LOAD) this.#grow();
      at = this.#makeRoom(hash);
      this.#words.set(hash, at);
      this.#size++;
    }
    this.#words[at + EXPIRY] = expiresSeconds;
    this.#words[at + CUT_OFF] = cutOffSeconds;
    this.#earliestExpiry = Math.min(this.#earliestExpiry, expiresSeconds);
  }

  delete(hash: Uint32Array): boolean {
    const found = this.#locate(hash);
    if (found < 0) return false;
    const words = this.#words;
    let end = found + WORDS;
    // What stands behind its own place moves up.
    while (words[end + EXPIRY] !== 0 && this.#home(words[end] as number) < end) end += WORDS;
    words.copyWithin(found, found + WORDS, end);
    words[end - WORDS + EXPIRY] = 0;
    this.#size--;
    return true;
  }

  /** Forgets what expired at or before the given second; says how many entries that were. */
  clearOut(nowSeconds: number): number {
    if (nowSeconds < this.#earliestExpiry) return 0;
    const before = this.#size;
    this.#moveTo(this.#words, { capacity: this.#capacity, afterSeconds: nowSeconds });
    if (this.#capacity > LEAST_CAPACITY && this.#size < this.#capacity * LEAST_LOAD) {
      this.#resize(Math.max(LEAST_CAPACITY, Math.ceil((this.#size / MOST_LOAD) * GROWTH)));
    }
    return before - this.#size;
  }

  /** Offset of the hash, or the complement (negative) of where it would have to be entered. */
  #locate(hash: Uint32Array): number {
    const words = this.#words;
    const first = hash[0] as number;
    const second = hash[1] as number;
    const third = hash[2] as number;
    let at = this.#home(first);
    // The last place is never taken.
    for (; words[at + EXPIRY] !== 0; at += WORDS) {
      const other = words[at] as number;
      if (other < first) continue;
      if (other > first) break;
      const difference = (words[at + 1] as number) - second || (words[at + 2] as number) - third;
      if (difference === 0) return at;
      if (difference > 0) break;
    }
    return ~at;
  }

  /** Offset of the place that a hash computes to. */
  #home(first: number): number {
    return placeOf(first, this.#capacity);
  }

  /** Moves larger hashes back by one place, and gives the offset that came free. */
  #makeRoom(hash: Uint32Array): number {
    for (;;) {
      const at = ~this.#locate(hash);
      let end = at;
      while (this.#words[end + EXPIRY] !== 0) end += WORDS;
      if (end + WORDS < this.#words.length) {
        this.#words.copyWithin(at + WORDS, at, end);
        return at;
      }
      this.#grow();
    }
  }

  #grow(): void {
    this.#resize(Math.ceil(this.#capacity * GROWTH) + 1);
  }

  #resize(least: number): void {
    let capacity = least;
    let words = allocate(capacity);
    while (!this.#moveTo(words, { capacity, afterSeconds: 0 })) {
      capacity = Math.ceil(capacity * GROWTH) + 1;
      words = allocate(capacity);
    }
  }

  /**
   * Moves what expires later into other words, or up within the same ones. False, with nothing changed, where the
   * others have no room behind the last place.
   */
  #moveTo(
    target: Uint32Array,
    { capacity, afterSeconds }: { readonly capacity: number; readonly afterSeconds: number },
  ): boolean {
    const source = this.#words;
    const isSame = source === target;
    const end = target.length - WORDS;
    let size = 0;
    let earliest = Number.POSITIVE_INFINITY;
    let next = 0;
    for (let at = 0; at < source.length; at += WORDS) {
      const expiry = source[at + EXPIRY] as number;
      if (expiry === 0) continue;
      if (expiry <= afterSeconds) {
        if (isSame) source[at + EXPIRY] = 0;
        continue;
      }
      next = Math.max(next, placeOf(source[at] as number, capacity));
      if (next >= end) return false;
      if (!isSame || next !== at) {
        for (let word = 0; word < WORDS; word++) target[next + word] = source[at + word] as number;
        if (isSame) source[at + EXPIRY] = 0;
      }
      next += WORDS;
      size++;
      earliest = Math.min(earliest, expiry);
    }
    this.#words = target;
    this.#capacity = capacity;
    this.#size = size;
    this.#earliestExpiry = earliest;
    return true;
  }
}

function placeOf(first: number, capacity: number): number {
  return Math.floor(((first & (PLACES - 1)) * capacity) / PLACES) * WORDS;
}

/** Room behind the last place for what it crowds out; more than that makes the segment grow. */
function allocate(capacity: number): Uint32Array {
  return new Uint32Array((capacity + 8 + (capacity >> 6) + 1) * WORDS);
}
