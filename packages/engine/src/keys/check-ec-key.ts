import type { Curve } from "../algorithms.ts";
import type { CheckedMaterial } from "./check-rsa-key.ts";
import { integerFromOctets, reduce } from "./integers.ts";
import { refuse } from "./key-problem.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { type Member, readOctets } from "./read-octets.ts";

/** Curves of ECDSA. */
export type EcCurve = Extract<Curve, `P-${string}`>;

/** Octets of a coordinate, the prime, and b. */
type WeierstrassCurve = readonly [octets: number, prime: bigint, b: bigint];

/** SP 800-186 section 3.2.1; `a` is -3 for all, and the cofactor 1, so every point but infinity is good. */
const CURVES: Readonly<Record<EcCurve, WeierstrassCurve>> = {
  "P-256": [
    32,
    2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  ],
  "P-384": [
    48,
    2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  ],
  "P-521": [
    66,
    2n ** 521n - 1n,
    0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  ],
};

/**
 * Checks an EC public key (RFC 7518 section 6.2.1): coordinates of exactly the field's length, below its
 * prime, of a point on the curve. The point at infinity has no coordinates and cannot be written.
 *
 * @throws KeyProblem
 */
export function checkEcKey(crv: EcCurve, { x, y }: Pick<JwkMembers, "x" | "y">): CheckedMaterial {
  const [octets, prime, b] = CURVES[crv];
  const read = (member: Member): bigint => {
    const value = integerFromOctets(readOctets(member, { least: octets, most: octets }));
    if (value >= prime) refuse(`"${member.name}" is not below the curve's prime`);
    return value;
  };
  const pointX = read({ name: "x", value: x });
  const pointY = read({ name: "y", value: y });
  if (reduce(pointY ** 2n - pointX ** 3n + 3n * pointX - b, prime)) {
    refuse(`the point is not on the curve ${crv}`);
  }
  return { jwk: { kty: "EC", crv, x: x as string, y: y as string }, signatureBytes: 2 * octets };
}
