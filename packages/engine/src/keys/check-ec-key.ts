import type { Curve } from "../algorithms.ts";
import type { PublicKeyCheck } from "./check-rsa-key.ts";
import { integerFromOctets, reduce } from "./integers.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { readOctets } from "./read-octets.ts";

interface WeierstrassCurve {
  /** Octets of a coordinate. */
  readonly octets: number;
  readonly prime: bigint;
  readonly b: bigint;
}

/** SP 800-186 section 3.2.1; `a` is -3 for all, and the cofactor 1, so every point but infinity is good. */
const CURVES: Readonly<Partial<Record<Curve, WeierstrassCurve>>> = {
  "P-256": {
    octets: 32,
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  "P-384": {
    octets: 48,
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  "P-521": {
    octets: 66,
    prime: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

/**
 * Checks an EC public key (RFC 7518 section 6.2.1): coordinates of exactly the field's length, below its
 * prime, of a point on the curve. The point at infinity has no coordinates and cannot be written.
 */
export function checkEcKey(curve: Curve, { x, y }: Pick<JwkMembers, "x" | "y">): PublicKeyCheck {
  const parameters = CURVES[curve];
  if (parameters === undefined) return { problem: `${curve} is no curve for ECDSA` };
  const { octets, prime, b } = parameters;
  const readX = readCoordinate({ name: "x", value: x }, parameters);
  if ("problem" in readX) return readX;
  const readY = readCoordinate({ name: "y", value: y }, parameters);
  if ("problem" in readY) return readY;
  const rightSide = readX.value ** 3n - 3n * readX.value + b;
  if (reduce(readY.value * readY.value - rightSide, prime) !== 0n) {
    return { problem: `the point is not on the curve ${curve}` };
  }
  return { jwk: { kty: "EC", crv: curve, x: x as string, y: y as string }, signatureBytes: 2 * octets };
}

function readCoordinate(
  member: { name: string; value: unknown },
  { octets, prime }: WeierstrassCurve,
): { readonly value: bigint } | { readonly problem: string } {
  const reading = readOctets(member, octets);
  if ("problem" in reading) return reading;
  const found = reading.octets.length;
  if (found !== octets)
    return { problem: `"${member.name}" has ${found} octets; exactly ${octets} are required` };
  const value = integerFromOctets(reading.octets);
  return value < prime ? { value } : { problem: `"${member.name}" is not below the curve's prime` };
}
