/** Reading of protobuf messages field by field: fields that nobody asks for are skipped, whatever they become. */

/** Thrown for bytes that are not the message they should be. Its text is constant. */
export class InvalidMessage extends Error {
  override readonly name = "InvalidMessage";
}

/** Wire types (https://protobuf.dev/programming-guides/encoding). Groups, 3 and 4, do not exist in proto3. */
const WIRE = { varint: 0, bit64: 1, bytes: 2, bit32: 5 } as const;
/** Of tags and lengths, which have 32 bits; of skipped values, which have 64. */
const MAX_SHORT_VARINT_BYTES = 5;
const MAX_SHORT = 0xffffffff;
const MAX_VARINT_BYTES = 10;

/**
 * Words that were read before, each in the slot of its hash: every request brings the same few names. Clients choose
 * them, so length and number are bounded; one that falls on another's slot takes its place.
 */
const WORDS: (string | undefined)[] = Array.from({ length: 1024 });
const MAX_WORD_BYTES = 48;

/**
 * A cursor over a message: `next` steps to each of its length-delimited fields, and what is there is read by `text`,
 * `word`, `begin` or `skip`. Text is octets as latin1, as node gives header values: UTF-8 is not demanded, and nothing is
 * replaced. Every method throws `InvalidMessage` for what is no protobuf, or ends before its end.
 */
export class MessageReader {
  /** Number of the field that `next` stepped to. */
  field = 0;
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the whole message ends. */
  get end(): number {
    return this.#bytes.length;
  }

  /** Begins a nested message; gives where it ends. */
  begin(): number {
    const length = this.#readShort();
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new InvalidMessage("a message that does not end");
    return end;
  }

  /**
   * Steps to the next field of the message that ends there; false at its end. A value that reaches beyond the message
   * around it leaves the cursor beyond that end.
   */
  next(end: number): boolean {
    while (this.#position < end) {
      const tag = this.#readShort();
      this.field = Math.floor(tag / 8);
      if (this.field === 0) throw new InvalidMessage("a field without a number");
      const type = tag % 8;
      if (type === WIRE.bytes) return true;
      this.#skipValue(type);
    }
    if (this.#position !== end) throw new InvalidMessage("a value that is longer than its message");
    return false;
  }

  text(): string {
    const end = this.begin();
    const start = this.#position;
    this.#position = end;
    return this.#bytes.toString("latin1", start, end);
  }

  /** Text that is likely to have been there before, such as a header's name: then it is the same string again. */
  word(): string {
    const end = this.begin();
    const start = this.#position;
    this.#position = end;
    if (end - start > MAX_WORD_BYTES) return this.#bytes.toString("latin1", start, end);
    let hash = 0;
    for (let index = start; index < end; index++) hash = (hash * 31 + (this.#bytes[index] ?? 0)) | 0;
    const slot = hash & (WORDS.length - 1);
    const known = WORDS[slot];
    if (known?.length === end - start && this.#isWordAt(known, start)) return known;
    const word = this.#bytes.toString("latin1", start, end);
    WORDS[slot] = word;
    return word;
  }

  skip(): void {
    this.#position = this.begin();
  }

  #isWordAt(word: string, start: number): boolean {
    for (let index = 0; index < word.length; index++) {
      if (word.charCodeAt(index) !== this.#bytes[start + index]) return false;
    }
    return true;
  }

  #skipValue(type: number): void {
    if (type === WIRE.varint) this.#skipVarint();
    else if (type === WIRE.bit64) this.#position += 8;
    else if (type === WIRE.bit32) this.#position += 4;
    else throw new InvalidMessage("a group, or a wire type that does not exist");
  }

  #skipVarint(): void {
    for (let count = 0; count < MAX_VARINT_BYTES; count++) if (this.#readByte() < 0x80) return;
    throw new InvalidMessage("a number that does not end");
  }

  /** A varint of 32 bits. */
  #readShort(): number {
    const first = this.#readByte();
    if (first < 0x80) return first;
    let value = first - 0x80;
    for (let count = 1, weight = 0x80; count < MAX_SHORT_VARINT_BYTES; count++, weight *= 0x80) {
      const byte = this.#readByte();
      value += (byte % 0x80) * weight;
      if (byte >= 0x80) continue;
      if (value > MAX_SHORT) break;
      return value;
    }
    throw new InvalidMessage("a tag or a length of more than 32 bits");
  }

  #readByte(): number {
    const byte = this.#bytes[this.#position++];
    if (byte === undefined) throw new InvalidMessage("a message that ends too early");
    return byte;
  }
}
