/**
 * Tells of most hashes that a table does not hold them, from a single word: three bits for each entry in the word that
 * its first hash word computes to. One entry is a byte or two of it, so that it stays in caches where the table cannot;
 * of what is not entered, about one in 30 is let through at the fullest, and has to be looked up.
 *
 * It grows and shrinks in parts: while the next one is filled, segment by segment, what is entered goes into both.
 */

/** Entries for each word, outside of which another filter is due, and what that one begins with at most. */
const MOST_EACH = 4;
const LEAST_EACH = 1;
const FIRST_EACH = 2;

const LEAST_BITS = 10;

export class TableFilter {
  #words: Uint32Array;
  /** Drops the bits of a first hash word that choose no word here. */
  #shift: number;

  /** Empty, for that many entries. */
  constructor(entries = 0) {
    const bits = Math.max(LEAST_BITS, Math.ceil(Math.log2(entries / FIRST_EACH)));
    this.#words = new Uint32Array(2 ** bits);
    this.#shift = 32 - bits;
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** False: it was not entered. */
  mayHold(first: number, second: number): boolean {
    const bits = bitsOf(second);
    return ((this.#words[first >>> this.#shift] as number) & bits) === bits;
  }

  enter(first: number, second: number): void {
    const words = this.#words;
    const index = first >>> this.#shift;
    words[index] = (words[index] as number) | bitsOf(second);
  }

  /** Forgets all hashes whose first word begins with `prefix`, a number of at most 10 bits. */
  forget(prefix: number, prefixBits: number): void {
    const each = this.#words.length / 2 ** prefixBits;
    this.#words.fill(0, prefix * each, (prefix + 1) * each);
  }

  /** False where there are so many entries, or so few, that another one should be filled. */
  fits(entries: number): boolean {
    const { length } = this.#words;
    return entries <= MOST_EACH * length && (entries >= LEAST_EACH * length || length === 2 ** LEAST_BITS);
  }
}

/** Three of 32 bits, by bits that do not choose the word. */
function bitsOf(second: number): number {
  return (1 << (second & 31)) | (1 << ((second >>> 5) & 31)) | (1 << ((second >>> 10) & 31));
}
