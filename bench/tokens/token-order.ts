/** In which order tokens are judged: the same in every process. */

/**
 * "cycle": one after the other, again and again. "zipf": few often, most seldom (exponent 1.1). "single": always the
 * first. "once": as they come, none twice.
 */
export type TokenOrder = "cycle" | "zipf" | "single" | "once";

const ZIPF_EXPONENT = 1.1;
/** A power of two: the sequence is longer than what any memory of tokens could learn by heart. */
const ZIPF_LENGTH = 131_072;

/** Gives the next index, from `first`, forever; of "once", until there is none: then `undefined`. */
export function createOrder(order: TokenOrder, count: number, first = 0): () => number | undefined {
  let next = first;
  if (order === "single") return () => 0;
  if (order === "once") return () => (next < count ? next++ : undefined);
  if (order === "cycle") {
    return () => {
      const index = next;
      next = next + 1 === count ? 0 : next + 1;
      return index;
    };
  }
  const sequence = drawZipf(count);
  return () => {
    const index = sequence[next];
    next = (next + 1) & (ZIPF_LENGTH - 1);
    return index;
  };
}

function drawZipf(count: number): Uint32Array {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + 1) ** -ZIPF_EXPONENT;
    sums[rank] = sum;
  }
  const random = createRandom(20_261_123);
  return Uint32Array.from({ length: ZIPF_LENGTH }, () => findRank(sums, random() * sum));
}

function findRank(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A linear congruential generator (modulus 2^31): the order must repeat, not surprise. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = Number((BigInt(state) * 1_103_515_245n + 12_345n) & 0x7fff_ffffn);
    return state / 0x8000_0000;
  };
}
