import type { Curve } from "../algorithms.ts";
import type { CheckedMaterial } from "./check-rsa-key.ts";
import { integerFromOctets, powerModulo, reduce } from "./integers.ts";
import { refuse } from "./key-problem.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { readOctets } from "./read-octets.ts";

/** Curves of EdDSA. */
export type EdwardsCurve = Extract<Curve, `Ed${string}`>;

/**
 * The curve a x² + y² = 1 + d x² y², on which small-order points are those that vanish when doubled often enough.
 * An encoded point has `octets`, its last bit is the sign of x; a signature has twice as many.
 */
interface Parameters {
  readonly octets: number;
  readonly prime: bigint;
  readonly a: bigint;
  readonly d: bigint;
  /** Binary logarithm of the cofactor. */
  readonly doublings: number;
}

/** RFC 8032 sections 5.1 and 5.2. */
const CURVES: Readonly<Record<EdwardsCurve, Parameters>> = {
  Ed25519: {
    octets: 32,
    prime: 2n ** 255n - 19n,
    a: -1n,
    d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
    doublings: 3,
  },
  Ed448: { octets: 57, prime: 2n ** 448n - 2n ** 224n - 1n, a: 1n, d: -39081n, doublings: 2 },
};

/**
 * Checks an Edwards public key (RFC 8037 section 2, RFC 8032 sections 5.1.3 and 5.2.3): exact length, the
 * only encoding of a point, on the curve, and not of small order: with such a key there are signatures
 * that fit any message.
 *
 * @throws KeyProblem
 */
export function checkEdwardsKey(crv: EdwardsCurve, { x }: Pick<JwkMembers, "x">): CheckedMaterial {
  const curve = CURVES[crv];
  const { octets } = curve;
  const problem = checkPoint(readOctets({ name: "x", value: x }, { least: octets, most: octets }), curve);
  if (problem !== undefined) refuse(`the point ${problem} (${crv})`);
  return { jwk: { kty: "OKP", crv, x: x as string }, signatureBytes: 2 * octets };
}

function checkPoint(octets: Uint8Array, curve: Parameters): string | undefined {
  const encoded = integerFromOctets(octets.toReversed());
  const signBit = BigInt(octets.length * 8 - 1);
  const sign = encoded >> signBit;
  const y = encoded - (sign << signBit);
  const x = recoverX(y, curve);
  if (y >= curve.prime || (x === 0n && sign)) return "is not canonically encoded";
  if (x === undefined) return "is not on the curve";
  return hasSmallOrder({ x, y }, curve) ? "has small order" : undefined;
}

/** One of the two x that belong to y, or undefined where there is none. */
function recoverX(y: bigint, { prime, a, d }: Parameters): bigint | undefined {
  const power = (base: bigint, exponent: bigint): bigint => powerModulo(base, { exponent, modulus: prime });
  // The divisor is never zero: d y² = a has no solution on a complete Edwards curve.
  const square = reduce((y * y - 1n) * power(d * y * y - a, prime - 2n), prime);
  // The first is a root where the prime is 3 modulo 4. Where it is 5 modulo 8, one of the others is, of which the
  // last is the second times the square root of -1.
  const root = power(square, (prime + 3n) / 8n);
  const roots = [power(square, (prime + 1n) / 4n), root, root * power(2n, (prime - 1n) / 4n)];
  return roots.map((candidate) => candidate % prime).find((candidate) => candidate ** 2n % prime === square);
}

/** Multiplies by the cofactor in projective coordinates and looks whether the neutral element comes out. */
function hasSmallOrder(
  point: { readonly x: bigint; readonly y: bigint },
  { prime, a, doublings }: Parameters,
): boolean {
  let { x, y } = point;
  let z = 1n;
  for (let doubling = 0; doubling < doublings; doubling++) {
    const xx = a * x * x;
    const yy = y * y;
    const sum = xx + yy;
    const rest = sum - 2n * z * z;
    x = reduce(2n * x * y * rest, prime);
    y = reduce(sum * (xx - yy), prime);
    z = reduce(sum * rest, prime);
  }
  return x === 0n && y === z;
}
