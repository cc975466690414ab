/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), with which Google Cloud KMS and its callers notice octets that changed on the way. */

/** The polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, octet) => {
  let rest = octet;
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest >>> 0;
});

export function computeCrc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const octet of bytes) rest = (rest >>> 8) ^ (TABLE[(rest ^ octet) & 0xff] ?? 0);
  return (rest ^ 0xffffffff) >>> 0;
}
