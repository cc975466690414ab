/**
 * A keyed hash of identifiers to 96 bits: SipHash's construction on 32-bit lanes (HalfSipHash-1-3, drawn from three
 * times), which JavaScript computes without allocating. The whole initial state is random and secret, so that whoever
 * chooses identifiers can neither make two of them collide nor crowd a table.
 *
 * Two identifiers are taken for one with probability 2^-96: at 10 million entries a look-up finds what is not there
 * with probability 1.3e-22.
 */

/** The words of the identifier hashed last; shared by all hashes, since nothing waits between making and using them. */
export const hashWords: Uint32Array = new Uint32Array(3);

/** Set in the space where text had to be widened, which keeps the two forms apart. */
const WIDENED = 0x80;

export class IdentifierHash {
  readonly #a: number;
  readonly #b: number;
  readonly #c: number;
  readonly #d: number;

  constructor() {
    const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Int32Array(4));
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** Hashes into `hashWords`. The same text in another space (0..127) is another identifier. */
  hash(text: string, space: number): void {
    if (!this.#hashOctets(text, space)) this.#hashOctets(widen(text), space | WIDENED);
  }

  /** Four units a word. False, with nothing of meaning in `hashWords`, where a unit is no octet. */
  #hashOctets(text: string, space: number): boolean {
    const { length } = text;
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    let seen = 0;
    let index = 0;
    for (; index + 4 <= length; index += 4) {
      const first = text.charCodeAt(index);
      const second = text.charCodeAt(index + 1);
      const third = text.charCodeAt(index + 2);
      const fourth = text.charCodeAt(index + 3);
      seen |= first | second | third | fourth;
      const word = (first << 24) | (second << 16) | (third << 8) | fourth;
      d ^= word;
      a = (a + b) | 0;
      b = ((b << 5) | (b >>> 27)) ^ a;
      a = (a << 16) | (a >>> 16);
      c = (c + d) | 0;
      d = ((d << 8) | (d >>> 24)) ^ c;
      a = (a + d) | 0;
      d = ((d << 7) | (d >>> 25)) ^ a;
      c = (c + b) | 0;
      b = ((b << 13) | (b >>> 19)) ^ c;
      c = (c << 16) | (c >>> 16);
      a ^= word;
    }
    let word = 0;
    for (; index < length; index++) {
      seen |= text.charCodeAt(index);
      word = (word << 8) | text.charCodeAt(index);
    }
    // What is left of the text, then its length and space.
    for (let step = 0; step < 2; step++) {
      d ^= word;
      a = (a + b) | 0;
      b = ((b << 5) | (b >>> 27)) ^ a;
      a = (a << 16) | (a >>> 16);
      c = (c + d) | 0;
      d = ((d << 8) | (d >>> 24)) ^ c;
      a = (a + d) | 0;
      d = ((d << 7) | (d >>> 25)) ^ a;
      c = (c + b) | 0;
      b = ((b << 13) | (b >>> 19)) ^ c;
      c = (c << 16) | (c >>> 16);
      a ^= word;
      word = (length << 8) | space;
    }
    // Three rounds for each word of the hash; written out a third time, since one that branches costs a fifth more.
    for (let drawn = 0; drawn < 3; drawn++) {
      c ^= 0xee;
      for (let round = 0; round < 3; round++) {
        a = (a + b) | 0;
        b = ((b << 5) | (b >>> 27)) ^ a;
        a = (a << 16) | (a >>> 16);
        c = (c + d) | 0;
        d = ((d << 8) | (d >>> 24)) ^ c;
        a = (a + d) | 0;
        d = ((d << 7) | (d >>> 25)) ^ a;
        c = (c + b) | 0;
        b = ((b << 13) | (b >>> 19)) ^ c;
        c = (c << 16) | (c >>> 16);
      }
      hashWords[drawn] = b ^ d;
    }
    return seen < 0x100;
  }
}

/** The same text as octets, two for each unit. */
function widen(text: string): string {
  let octets = "";
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    octets += String.fromCharCode(unit >>> 8, unit & 0xff);
  }
  return octets;
}
