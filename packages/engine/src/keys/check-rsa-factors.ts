const ODD_PRIMES: readonly number[] = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

const GENERATOR = 65537;

/**
 * What tells from the modulus alone that an RSA key is weak: a prime factor up to 167, or the fingerprint
 * of the defective generator of CVE-2017-15361 (ROCA), whose moduli are powers of 65537 modulo every
 * small prime. Good moduli have the fingerprint with a probability of about 2^-28.
 */
export function checkRsaFactors(modulus: bigint): string | undefined {
  if ((modulus & 1n) === 0n) return "the RSA modulus is even";
  let fingerprint = true;
  for (const prime of ODD_PRIMES) {
    const residue = Number(modulus % BigInt(prime));
    if (residue === 0) return `the RSA modulus is divisible by ${prime}`;
    fingerprint &&= isPowerOfGenerator(residue, prime);
  }
  return fingerprint
    ? "the RSA modulus has the fingerprint of weak keys of CVE-2017-15361 (ROCA)"
    : undefined;
}

/** Whether `residue` is in the group that the generator spans modulo `prime`; at most `prime` steps. */
function isPowerOfGenerator(residue: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * GENERATOR) % prime;
  } while (power !== 1);
  return false;
}
