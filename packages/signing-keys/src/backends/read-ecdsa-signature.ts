const SEQUENCE = 0x30;
const INTEGER = 0x02;
const LONG_LENGTH = 0x81;

/**
 * The two numbers of an ECDSA signature as JOSE has them, each of `numberBytes` octets (RFC 7518 section 3.4), from the
 * ASN.1 DER that key management services answer (RFC 3279 section 2.2.3). Undefined for whatever is not the one
 * encoding of two positive numbers that fit.
 */
export function readEcdsaSignature(der: Uint8Array, numberBytes: number): Uint8Array | undefined {
  const isLong = der[1] === LONG_LENGTH;
  const start = isLong ? 3 : 2;
  const length = der[start - 1] ?? 0;
  // The long form is for lengths from 128 on, and more than 255 octets no curve needs.
  if (der[0] !== SEQUENCE || length !== der.length - start || isLong !== length >= 0x80) return undefined;
  const r = readInteger(der, start, numberBytes);
  if (r === undefined) return undefined;
  const s = readInteger(der, r.end, numberBytes);
  if (s?.end !== der.length) return undefined;
  const raw = new Uint8Array(2 * numberBytes);
  raw.set(r.digits, numberBytes - r.digits.length);
  raw.set(s.digits, 2 * numberBytes - s.digits.length);
  return raw;
}

interface ReadInteger {
  /** Without the octet of zeros before a high first bit. */
  readonly digits: Uint8Array;
  readonly end: number;
}

function readInteger(der: Uint8Array, at: number, most: number): ReadInteger | undefined {
  const length = der[at + 1] ?? 0;
  const start = at + 2;
  const end = start + length;
  if (der[at] !== INTEGER || length === 0 || end > der.length) return undefined;
  const first = der[start] ?? 0;
  if (first >= 0x80) return undefined;
  const isPadded = first === 0;
  // Zero itself, and zeros that nothing asks for.
  if (isPadded && (length === 1 || (der[start + 1] ?? 0) < 0x80)) return undefined;
  const digits = der.subarray(isPadded ? start + 1 : start, end);
  return digits.length > most ? undefined : { digits, end };
}
