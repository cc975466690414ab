import type { PublicJwk } from "../platform/platform.ts";
import { integerFromOctets } from "./integers.ts";
import { refuse } from "./key-problem.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { type Member, readOctets } from "./read-octets.ts";

/** RFC 7518 section 3.3. */
const LEAST_MODULUS_BITS = 2048;
/** 8192 bits: a bound on the work that a key makes. */
const MOST_MODULUS_OCTETS = 1024;
const LEAST_EXPONENT = 65537n;
/** FIPS 186-5 section 5.1: below 2^256. */
const MOST_EXPONENT_OCTETS = 32;

/** What a public key that passed all checks is imported as. */
export interface CheckedMaterial {
  readonly jwk: PublicJwk;
  readonly signatureBytes: number;
}

/**
 * Checks an RSA public key (RFC 7518 section 6.3.1): an odd modulus of 2048 to 8192 bits that has neither
 * a small factor nor the ROCA fingerprint, an odd exponent from 65537 below 2^256, no leading zero octets.
 *
 * @throws KeyProblem
 */
export function checkRsaKey({ n, e }: Pick<JwkMembers, "n" | "e">): CheckedMaterial {
  const modulus = readInteger({ name: "n", value: n }, MOST_MODULUS_OCTETS);
  const exponent = readInteger({ name: "e", value: e }, MOST_EXPONENT_OCTETS);
  const bits = modulus.toString(2).length;
  if (bits < LEAST_MODULUS_BITS) {
    refuse(`the RSA modulus has ${bits} bits; at least ${LEAST_MODULUS_BITS} are required`);
  }
  if (exponent < LEAST_EXPONENT || !(exponent & 1n)) {
    refuse(`the RSA exponent is ${exponent}; at least ${LEAST_EXPONENT}, and odd, is required`);
  }
  checkFactors(modulus);
  return { jwk: { kty: "RSA", n: n as string, e: e as string }, signatureBytes: Math.ceil(bits / 8) };
}

function readInteger(member: Member, most: number): bigint {
  const octets = readOctets(member, { most });
  if (octets[0] === 0) refuse(`"${member.name}" starts with a zero octet`);
  return integerFromOctets(octets);
}

const LARGEST_FACTOR = 167;

/**
 * What tells from the modulus alone that an RSA key is weak: a prime factor up to 167, or the fingerprint
 * of the defective generator of CVE-2017-15361 (ROCA), whose moduli are powers of 65537 modulo every
 * small prime. Good moduli have the fingerprint with a probability of about 2^-28.
 *
 * @throws KeyProblem
 */
export function checkFactors(modulus: bigint): void {
  const primes: number[] = [];
  let hasFingerprint = true;
  for (let candidate = 2; candidate <= LARGEST_FACTOR; candidate++) {
    if (primes.some((prime) => candidate % prime === 0)) continue;
    primes.push(candidate);
    const residue = Number(modulus % BigInt(candidate));
    if (residue === 0) refuse(`the RSA modulus is divisible by ${candidate}`);
    hasFingerprint &&= isPowerOfGenerator(residue, candidate);
  }
  if (hasFingerprint) refuse("the RSA modulus has the fingerprint of weak keys of CVE-2017-15361 (ROCA)");
}

/** Whether `residue` is in the group that the generator spans modulo `prime`; at most `prime` steps. */
function isPowerOfGenerator(residue: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * Number(LEAST_EXPONENT)) % prime;
  } while (power !== 1);
  return false;
}
