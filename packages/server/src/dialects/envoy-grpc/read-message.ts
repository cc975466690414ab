/** Reading of protobuf messages field by field: fields that nobody asks for are skipped, whatever they become. */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** Thrown for bytes that are not the message they should be. Its text is constant. */
export class InvalidMessage extends Error {
  override readonly name = "InvalidMessage";
}

/** Reads the value of a length-delimited field, or answers false to have it skipped. */
export type ReadField = (field: number, reader: MessageReader) => boolean;

/** Text is octets as latin1, as node gives header values: UTF-8 is not demanded, and nothing is replaced. */
export class MessageReader {
  readonly #reader: BinaryReader;

  private constructor(bytes: Uint8Array) {
    this.#reader = new BinaryReader(bytes, decodeLatin1);
  }

  /**
   * Reads a whole message. Nesting is as deep as `readField` goes; groups, which proto3 does not have, are refused.
   * @throws InvalidMessage for what is no protobuf, or ends before its end.
   */
  static read(bytes: Uint8Array, readField: ReadField): void {
    const message = new MessageReader(bytes);
    try {
      message.#readFields(bytes.length, readField);
    } catch (error) {
      if (error instanceof InvalidMessage) throw error;
      throw new InvalidMessage("bytes that are no protobuf", { cause: error });
    }
  }

  /** Reads a nested message. Gives true, so that it can end a `ReadField`. */
  message(readField: ReadField): true {
    const length = this.#reader.uint32();
    this.#readFields(this.#reader.pos + length, readField);
    return true;
  }

  text(): string {
    return this.#reader.string();
  }

  /** A value or message that reaches beyond the one around it leaves the reader beyond its end. */
  #readFields(end: number, readField: ReadField): void {
    while (this.#reader.pos < end) {
      const [field, type] = this.#reader.tag();
      if (type === WireType.StartGroup || type === WireType.EndGroup) throw new InvalidMessage("a group");
      if (type !== WireType.LengthDelimited || !readField(field, this)) this.#reader.skip(type, field);
    }
    if (this.#reader.pos !== end) throw new InvalidMessage("a value that is longer than its message");
  }
}

function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
