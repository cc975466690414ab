const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * An ECDSA signature as ASN.1 DER (RFC 3279 section 2.2.3), from the two numbers of equal length that JOSE has
 * (RFC 7518 section 3.4). The runtime does the same where it is told so by an option; but on Node 24 any option
 * costs half as much as the whole verification.
 */
export function encodeEcdsaSignature(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const r = measureInteger(signature, 0, half);
  const s = measureInteger(signature, half, signature.length);
  const length = r.length + s.length + 4;
  // P-521 is the only curve whose length takes a second octet.
  const der = new Uint8Array(length + (length < 0x80 ? 2 : 3));
  let at = 0;
  der[at++] = SEQUENCE;
  if (length >= 0x80) der[at++] = 0x81;
  der[at++] = length;
  at = writeInteger(der, at, { signature, ...r });
  writeInteger(der, at, { signature, ...s });
  return der;
}

interface IntegerPlace {
  /** Of its first octet that is not zero, or of its last. */
  readonly start: number;
  readonly end: number;
  /** With the octet of zeros that keeps a number with a high first bit positive. */
  readonly length: number;
}

function measureInteger(octets: Uint8Array, from: number, end: number): IntegerPlace {
  let start = from;
  while (start < end - 1 && octets[start] === 0) start++;
  return { start, end, length: end - start + (isHigh(octets, start) ? 1 : 0) };
}

function isHigh(octets: Uint8Array, at: number): boolean {
  return (octets[at] ?? 0) >= 0x80;
}

function writeInteger(
  der: Uint8Array,
  from: number,
  { signature, start, end, length }: IntegerPlace & { readonly signature: Uint8Array },
): number {
  let at = from;
  der[at++] = INTEGER;
  der[at++] = length;
  if (isHigh(signature, start)) at++;
  der.set(signature.subarray(start, end), at);
  return at + end - start;
}
