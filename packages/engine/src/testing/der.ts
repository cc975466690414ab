/** Just enough of DER (X.690) to write a certificate. */

const TIME_DIGITS = 14;

/** A value with its tag and length. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) octets.unshift(rest & 0xff);
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | octets.length, ...octets];
  const encoded = new Uint8Array(head.length + length);
  encoded.set(head);
  let at = head.length;
  for (const part of parts) {
    encoded.set(part, at);
    at += part.length;
  }
  return encoded;
}

export function encodeSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return encodeDer(0x30, ...parts);
}

/** An object identifier, given by its content in hexadecimal. */
export function encodeObjectId(hex: string): Uint8Array {
  return encodeDer(
    0x06,
    Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16)),
  );
}

/** A non-negative integer of these octets, the largest first. */
export function encodeInteger(octets: Uint8Array): Uint8Array {
  const start = octets.findIndex((octet) => octet !== 0);
  const rest = start < 0 ? Uint8Array.of(0) : octets.subarray(start);
  return encodeDer(0x02, (rest[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...rest) : rest);
}

/** GeneralizedTime to the second. */
export function encodeTime(timeMs: number): Uint8Array {
  const digits = new Date(timeMs).toISOString().replace(/[-:T]/g, "").slice(0, TIME_DIGITS);
  return encodeDer(0x18, new TextEncoder().encode(`${digits}Z`));
}
