/**
 * Writing of protobuf messages. Parts are octets in a string, one character each (latin1), until the whole is done:
 * a nested message needs its length before it, and strings are cheap to put together and know theirs.
 */

/** Octets as characters. */
export type Octets = string;

/** Wire types, as on the reading side. */
const WIRE = { varint: 0, bit64: 1, bytes: 2 } as const;
const DOUBLE = Buffer.alloc(8);

/** A field of octets, such as a nested message. */
export function writeOctets(field: number, octets: Octets): Octets {
  return writeVarint(field * 8 + WIRE.bytes) + writeVarint(octets.length) + octets;
}

/** A field of text, as UTF-8; what is no Unicode becomes U+FFFD. */
export function writeText(field: number, text: string): Octets {
  const isAscii = Buffer.byteLength(text) === text.length;
  return writeOctets(field, isAscii ? text : Buffer.from(text).toString("latin1"));
}

/** A field of a whole number, 0 or more. */
export function writeWhole(field: number, value: number): Octets {
  return writeVarint(field * 8 + WIRE.varint) + writeVarint(value);
}

export function writeDouble(field: number, value: number): Octets {
  DOUBLE.writeDoubleLE(value);
  return writeVarint(field * 8 + WIRE.bit64) + DOUBLE.toString("latin1");
}

/** The bytes of a message that is done. */
export function finishMessage(octets: Octets): Uint8Array {
  return Buffer.from(octets, "latin1");
}

/** A whole number up to 2^53, 0 or more. */
function writeVarint(value: number): Octets {
  if (value < 0x80) return String.fromCharCode(value);
  return String.fromCharCode((value % 0x80) + 0x80) + writeVarint(Math.floor(value / 0x80));
}
