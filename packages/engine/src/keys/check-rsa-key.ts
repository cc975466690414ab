import type { PublicJwk } from "../platform/platform.ts";
import { checkRsaFactors } from "./check-rsa-factors.ts";
import { integerFromOctets } from "./integers.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { readOctets } from "./read-octets.ts";

/** Least and most bits of a modulus: RFC 7518 section 3.3, and a bound on the work that a key makes. */
const RSA_MODULUS_BITS: { readonly least: number; readonly most: number } = {
  least: 2048,
  most: 8192,
};

const LEAST_EXPONENT = 65537n;
/** FIPS 186-5 section 5.1: below 2^256. */
const MOST_EXPONENT_OCTETS = 32;

/** A public key that passed all checks, or the first problem. */
export type PublicKeyCheck =
  | { readonly jwk: PublicJwk; readonly signatureBytes: number }
  | { readonly problem: string };

/**
 * Checks an RSA public key (RFC 7518 section 6.3.1): an odd modulus of 2048 to 8192 bits that has neither
 * a small factor nor the ROCA fingerprint, an odd exponent from 65537 below 2^256, no leading zero octets.
 */
export function checkRsaKey({ n, e }: Pick<JwkMembers, "n" | "e">): PublicKeyCheck {
  const modulus = readInteger({ name: "n", value: n }, RSA_MODULUS_BITS.most / 8 + 1);
  if ("problem" in modulus) return modulus;
  const exponent = readInteger({ name: "e", value: e }, MOST_EXPONENT_OCTETS);
  if ("problem" in exponent) return exponent;

  const bits = modulus.integer.toString(2).length;
  const { least, most } = RSA_MODULUS_BITS;
  if (bits < least) return { problem: `the RSA modulus has ${bits} bits; at least ${least} are required` };
  if (bits > most) return { problem: `the RSA modulus has ${bits} bits; at most ${most} are taken` };
  if (exponent.integer < LEAST_EXPONENT) {
    return { problem: `the RSA exponent is ${exponent.integer}; at least ${LEAST_EXPONENT} is required` };
  }
  if ((exponent.integer & 1n) === 0n) return { problem: "the RSA exponent is even" };
  const factors = checkRsaFactors(modulus.integer);
  if (factors !== undefined) return { problem: factors };
  return { jwk: { kty: "RSA", n: n as string, e: e as string }, signatureBytes: Math.ceil(bits / 8) };
}

function readInteger(
  member: { name: string; value: unknown },
  maxOctets: number,
): { readonly integer: bigint } | { readonly problem: string } {
  const reading = readOctets(member, maxOctets);
  if ("problem" in reading) return reading;
  if (reading.octets[0] === 0) return { problem: `"${member.name}" starts with a zero octet` };
  return { integer: integerFromOctets(reading.octets) };
}
