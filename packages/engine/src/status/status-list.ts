/** Status lists (OAuth Token Status List sections 4 and 6): the reference in a token, and the list in its compressed form. */

import { decodeCanonical } from "../token/base64url.ts";
import { isObject } from "../token/describe-kind.ts";

/** Where a token's status stands. */
export interface StatusReference {
  readonly uri: string;
  readonly index: number;
}

export type StatusBits = 1 | 2 | 4 | 8;

export interface StatusList {
  readonly bits: StatusBits;
  readonly octets: Uint8Array;
}

const MAX_URI_LENGTH = 2048;
const BITS: readonly unknown[] = [1, 2, 4, 8];
const ADLER_BYTES = 4;
const ADLER_MODULUS = 65_521;
const ADLER_RUN = 5552;

/** Undefined: the token has no status in a list. "malformed": it has one that cannot be read. */
export function readStatusReference(
  claims: Readonly<Record<string, unknown>>,
): StatusReference | "malformed" | undefined {
  const { status } = claims;
  if (status === undefined) return undefined;
  if (!isObject(status)) return "malformed";
  const { status_list: reference } = status;
  if (reference === undefined) return undefined;
  if (!isObject(reference)) return "malformed";
  const { idx: index, uri } = reference;
  if (typeof index !== "number" || !Number.isSafeInteger(index) || index < 0) return "malformed";
  if (typeof uri !== "string" || uri === "" || uri.length > MAX_URI_LENGTH) return "malformed";
  return { uri, index };
}

/** The list of a claim `status_list`; undefined where it is none, or longer than `maxBytes` once it is inflated. */
export async function decodeStatusList(claim: unknown, maxBytes: number): Promise<StatusList | undefined> {
  if (!isObject(claim)) return undefined;
  const { bits, lst } = claim;
  if (!BITS.includes(bits) || typeof lst !== "string") return undefined;
  const compressed = decodeCanonical(lst);
  const octets = compressed && (await inflate(compressed, maxBytes));
  if (!compressed || !octets || !isWhole(compressed, octets)) return undefined;
  return { bits: bits as StatusBits, octets };
}

/** The value at an index, from 0 to 2^bits - 1; undefined where the list ends before it. Lowest bits come first. */
export function readStatus({ bits, octets }: StatusList, index: number): number | undefined {
  const perOctet = 8 / bits;
  const octet = octets[Math.floor(index / perOctet)];
  return octet === undefined ? undefined : (octet >> ((index % perOctet) * bits)) & ((1 << bits) - 1);
}

/** ZLIB (RFC 1950). What was inflated is counted as it comes, so that a small list cannot become a large one. */
async function inflate(compressed: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  const stream = new Blob([new Uint8Array(compressed)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.byteLength;
      if (bytes > maxBytes) {
        reader.cancel().catch(() => undefined);
        return undefined;
      }
      chunks.push(value);
    }
  } catch {
    return undefined;
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** ZLIB ends with the Adler-32 of what it holds. Deno's inflater takes a list that was cut short within it for whole. */
function isWhole(compressed: Uint8Array, octets: Uint8Array): boolean {
  const end = compressed.byteLength - ADLER_BYTES;
  if (end < 0) return false;
  const written = new DataView(compressed.buffer, compressed.byteOffset + end, ADLER_BYTES).getUint32(0);
  return written === adler32(octets);
}

/** RFC 1950 section 9. The sums are reduced once per run, the longest one in which they stay below 2^32. */
function adler32(octets: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let start = 0; start < octets.length; start += ADLER_RUN) {
    const end = Math.min(start + ADLER_RUN, octets.length);
    for (let index = start; index < end; index++) {
      low += octets[index] ?? 0;
      high += low;
    }
    low %= ADLER_MODULUS;
    high %= ADLER_MODULUS;
  }
  return high * 0x1_0000 + low;
}
