import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkFactors, checkRsaKey } from "../../src/keys/check-rsa-key.ts";
import {
  describeProblem,
  fromBase64url,
  integerFromBase64url,
  integerToBase64url,
  PUBLIC_KEYS,
  toBase64url,
} from "./public-keys.ts";

const { n, e } = PUBLIC_KEYS.rsa;
const MODULUS = integerFromBase64url(n);

function problemOf(members: { n: unknown; e: unknown }): string {
  return describeProblem(() => checkRsaKey(members));
}

/** The least integer from `start` that no factor and no fingerprint speaks against. */
function plausibleModulus(start: bigint): bigint {
  let modulus = start | 1n;
  while (describeProblem(() => checkFactors(modulus)) !== "none") modulus += 2n;
  return modulus;
}

const SMALL_PRIMES: readonly bigint[] = [
  ...[3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n, 79n],
  ...[83n, 89n, 97n, 101n, 103n, 107n, 109n, 113n, 127n, 131n, 137n, 139n, 149n, 151n, 157n, 163n, 167n],
];
const PRIMORIAL = SMALL_PRIMES.reduce((product, prime) => product * prime, 1n);

/** 65537 to this power modulo each small prime, as the generator of CVE-2017-15361 made them; 2048 bits, odd. */
function rocaModulus(power: number): bigint {
  let residue = 1n;
  for (let times = 0; times < power; times++) residue = (residue * 65537n) % PRIMORIAL;
  return oddOfResidue(residue);
}

function oddOfResidue(residue: bigint): bigint {
  const multiple = (1n << 2047n) / PRIMORIAL + 1n;
  const modulus = residue + multiple * PRIMORIAL;
  return modulus % 2n === 0n ? modulus + PRIMORIAL : modulus;
}

/** Residues modulo `prime` that are no power of 65537; empty for about half of the primes. */
function residuesOutside(prime: bigint): readonly bigint[] {
  const powers = new Set<bigint>();
  for (let power = 1n; !powers.has(power); power = (power * 65537n) % prime) powers.add(power);
  const all = Array.from({ length: Number(prime) - 1 }, (_, at) => BigInt(at + 1));
  return all.filter((residue) => !powers.has(residue));
}

describe("an RSA public key", () => {
  test("of 2048 bits and exponent 65537 passes, and its signatures have 256 octets", () => {
    const check = checkRsaKey({ n, e });
    assert.deepEqual(check, { jwk: { kty: "RSA", n, e }, signatureBytes: 256 });
  });

  test("passes with exactly 2048 and exactly 8192 bits, and with a length that is no multiple of eight", () => {
    for (const [bits, octets] of [
      [2048n, 256],
      [2049n, 257],
      [8192n, 1024],
    ] as const) {
      const check = checkRsaKey({ n: integerToBase64url(plausibleModulus(1n << (bits - 1n))), e });
      assert.equal(check.signatureBytes, octets, `${bits} bits`);
    }
  });

  test("is refused with 2047, 1024, 8193 and many more bits", () => {
    for (const bits of [2047n, 1024n, 512n, 8n]) {
      const problem = problemOf({ n: integerToBase64url(plausibleModulus(1n << (bits - 1n))), e });
      assert.match(problem, new RegExp(`modulus has ${bits} bits; at least 2048`));
    }
    assert.match(
      problemOf({ n: integerToBase64url((1n << 8192n) + 1n), e }),
      /"n" has 1025 octets, expected 1 to 1024/,
    );
    assert.match(
      problemOf({ n: toBase64url(new Uint8Array(100_000).fill(255)), e }),
      /"n" has 100000 octets/,
    );
  });

  test("is refused with an exponent under 65537", () => {
    for (const exponent of [1n, 2n, 3n, 17n, 257n, 65535n, 65536n]) {
      assert.match(
        problemOf({ n, e: integerToBase64url(exponent) }),
        new RegExp(`exponent is ${exponent}; at least 65537, and odd`),
      );
    }
  });

  test("is refused with an exponent of zero, an even one, and one from 2^256", () => {
    assert.match(problemOf({ n, e: "AA" }), /"e" starts with a zero octet/);
    assert.match(
      problemOf({ n, e: integerToBase64url(65538n) }),
      /exponent is 65538; at least 65537, and odd/,
    );
    assert.match(problemOf({ n, e: integerToBase64url((1n << 256n) + 1n) }), /"e" has 33 octets/);
    assert.equal(problemOf({ n, e: integerToBase64url((1n << 256n) - 1n) }), "none");
  });

  test("is refused with a leading zero octet in either member", () => {
    const zeroed = (text: unknown) => toBase64url(Uint8Array.of(0, ...fromBase64url(text)));
    assert.match(problemOf({ n: zeroed(n), e }), /"n" starts with a zero octet/);
    assert.match(problemOf({ n, e: zeroed(e) }), /"e" starts with a zero octet/);
  });

  test("is refused where a member is absent, empty, no text, or not canonical base64url", () => {
    const bad = [
      undefined,
      "",
      65537,
      null,
      ["AQAB"],
      "AQAB=",
      "AQ AB",
      "AQAB\n",
      "AQ+B",
      "AQ/B",
      "AQABA",
      "AR",
      "AQB",
    ];
    for (const value of bad) {
      assert.match(problemOf({ n, e: value }), /^"e" (?:is empty|must be a string|is not canonical)/);
      assert.match(problemOf({ n: value, e }), /^"n" (?:is empty|must be a string|is not canonical)/);
    }
  });

  test("is refused where the modulus is even or has a small factor", () => {
    assert.match(problemOf({ n: integerToBase64url(MODULUS - 1n), e }), /modulus is divisible by 2$/);
    for (const prime of [3n, 5n, 163n, 167n]) {
      const coprime = [3n, 5n, 163n, 167n].filter((other) => other !== prime);
      let multiple = MODULUS - (MODULUS % prime);
      while (multiple % 2n === 0n || coprime.some((other) => multiple % other === 0n)) multiple += prime;
      assert.match(problemOf({ n: integerToBase64url(multiple), e }), /modulus is divisible by \d+/);
    }
    for (const prime of [2n, 3n, 163n, 167n]) {
      assert.equal(
        describeProblem(() => checkFactors(prime)),
        `the RSA modulus is divisible by ${prime}`,
      );
    }
  });

  test("is refused where the modulus has the ROCA fingerprint, whichever power it is made of", () => {
    for (let power = 1000; power < 1040; power++) {
      assert.match(problemOf({ n: integerToBase64url(rocaModulus(power)), e }), /CVE-2017-15361/, `${power}`);
    }
  });

  test("passes where a single residue is none of the fingerprint, whichever prime it belongs to", () => {
    let discriminating = 0;
    for (const prime of SMALL_PRIMES) {
      const [outside] = residuesOutside(prime);
      if (outside === undefined) continue;
      discriminating++;
      // Steps of all other primes' product change the residue of this prime alone.
      let modulus = rocaModulus(1000);
      while (modulus % prime !== outside || modulus % 2n === 0n) modulus += PRIMORIAL / prime;
      assert.equal(problemOf({ n: integerToBase64url(modulus), e }), "none", `${prime}`);
    }
    assert.equal(discriminating, 17);
  });
});
