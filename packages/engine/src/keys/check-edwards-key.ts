import type { Curve } from "../algorithms.ts";
import type { PublicKeyCheck } from "./check-rsa-key.ts";
import { integerFromOctets, powerModulo, reduce } from "./integers.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { readOctets } from "./read-octets.ts";

/** The curve a x² + y² = 1 + d x² y², on which small-order points are those that vanish when doubled often enough. */
interface EdwardsCurve {
  /** Octets of an encoded point; its last bit is the sign of x. */
  readonly octets: number;
  readonly signatureBytes: number;
  readonly prime: bigint;
  readonly a: bigint;
  readonly d: bigint;
  /** Binary logarithm of the cofactor. */
  readonly doublings: number;
}

/** RFC 8032 sections 5.1 and 5.2. */
const CURVES: Readonly<Partial<Record<Curve, EdwardsCurve>>> = {
  Ed25519: {
    octets: 32,
    signatureBytes: 64,
    prime: 2n ** 255n - 19n,
    a: -1n,
    d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
    doublings: 3,
  },
  Ed448: {
    octets: 57,
    signatureBytes: 114,
    prime: 2n ** 448n - 2n ** 224n - 1n,
    a: 1n,
    d: -39081n,
    doublings: 2,
  },
};

/**
 * Checks an Edwards public key (RFC 8037 section 2, RFC 8032 sections 5.1.3 and 5.2.3): exact length, the
 * only encoding of a point, on the curve, and not of small order: with such a key there are signatures
 * that fit any message.
 */
export function checkEdwardsKey(curve: Curve, { x }: Pick<JwkMembers, "x">): PublicKeyCheck {
  const parameters = CURVES[curve];
  if (parameters === undefined) return { problem: `${curve} is no curve for EdDSA` };
  const reading = readOctets({ name: "x", value: x }, parameters.octets);
  if ("problem" in reading) return reading;
  const found = reading.octets.length;
  if (found !== parameters.octets) {
    return { problem: `"x" has ${found} octets; exactly ${parameters.octets} are required` };
  }
  const problem = checkPoint(reading.octets, parameters);
  if (problem !== undefined) return { problem: `the point ${problem} (${curve})` };
  return { jwk: { kty: "OKP", crv: curve, x: x as string }, signatureBytes: parameters.signatureBytes };
}

function checkPoint(octets: Uint8Array, curve: EdwardsCurve): string | undefined {
  const encoded = integerFromOctets(octets.toReversed());
  const signBit = BigInt(curve.octets * 8 - 1);
  const y = encoded & ((1n << signBit) - 1n);
  if (y >= curve.prime) return "is not canonically encoded";
  const x = recoverX(y, curve);
  if (x === undefined) return "is not on the curve";
  if (x === 0n && encoded >> signBit === 1n) return "is not canonically encoded";
  return hasSmallOrder({ x, y }, curve) ? "has small order" : undefined;
}

/** One of the two x that belong to y, or undefined where there is none. */
function recoverX(y: bigint, { prime, a, d }: EdwardsCurve): bigint | undefined {
  const numerator = reduce(y * y - 1n, prime);
  // Never zero: d y² = a has no solution on a complete Edwards curve.
  const denominator = reduce(d * y * y - a, prime);
  const square = (numerator * powerModulo(denominator, { exponent: prime - 2n, modulus: prime })) % prime;
  for (const root of candidateRoots(square, prime)) {
    if ((root * root) % prime === square) return root;
  }
  return undefined;
}

function candidateRoots(square: bigint, prime: bigint): readonly bigint[] {
  if (prime % 4n === 3n) return [powerModulo(square, { exponent: (prime + 1n) / 4n, modulus: prime })];
  // prime = 5 modulo 8: the root, or the root times the square root of -1.
  const root = powerModulo(square, { exponent: (prime + 3n) / 8n, modulus: prime });
  const rootOfMinusOne = powerModulo(2n, { exponent: (prime - 1n) / 4n, modulus: prime });
  return [root, (root * rootOfMinusOne) % prime];
}

/** Multiplies by the cofactor in projective coordinates and looks whether the neutral element comes out. */
function hasSmallOrder(point: { x: bigint; y: bigint }, { prime, a, doublings }: EdwardsCurve): boolean {
  let { x, y } = point;
  let z = 1n;
  for (let doubling = 0; doubling < doublings; doubling++) {
    const xx = x * x;
    const yy = y * y;
    const sum = reduce(a * xx + yy, prime);
    const rest = reduce(sum - 2n * z * z, prime);
    const product = 2n * x * y;
    x = reduce(product * rest, prime);
    y = reduce(sum * (a * xx - yy), prime);
    z = reduce(sum * rest, prime);
  }
  return x === 0n && y === z;
}
