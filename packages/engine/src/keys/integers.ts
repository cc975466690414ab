/** Arithmetic for checking public keys at import. Not constant time: there is nothing secret here. */

/** The integer that big-endian octets stand for; 0 for none. */
export function integerFromOctets(octets: Uint8Array): bigint {
  let integer = 0n;
  for (const octet of octets) integer = (integer << 8n) | BigInt(octet);
  return integer;
}

/** The remainder from 0 to `modulus - 1`, also of negative integers. */
export function reduce(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus;
}

/** `base` to the power of `exponent` (not negative), reduced. */
export function powerModulo(
  base: bigint,
  { exponent, modulus }: { readonly exponent: bigint; readonly modulus: bigint },
): bigint {
  let result = 1n;
  let square = reduce(base, modulus);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
