import type { Algorithm } from "../algorithms.ts";

/** Position of the octet of R that holds the sign of x and otherwise zeros (RFC 8032 section 5.2.2). */
const ED448_LAST_OF_R = 56;
/** Position of the last octet of S, which is zero because S is below the group's order of 446 bits. */
const ED448_LAST_OF_S = 113;

/**
 * What runtimes check differently and every back end therefore checks first. Deno's Ed448 passes over the
 * unused bits of R, so that one signature would have 128 spellings.
 */
export function hasCanonicalForm(algorithm: Algorithm, signature: Uint8Array): boolean {
  if (algorithm.name !== "Ed448") return true;
  return ((signature[ED448_LAST_OF_R] ?? 0) & 0x7f) === 0 && signature[ED448_LAST_OF_S] === 0;
}
