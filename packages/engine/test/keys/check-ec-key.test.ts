import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkEcKey, type EcCurve } from "../../src/keys/check-ec-key.ts";
import {
  describeProblem,
  fromBase64url,
  integerFromBase64url,
  integerToBase64url,
  type Jwk,
  PUBLIC_KEYS,
  toBase64url,
} from "./public-keys.ts";

const P256_PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;

const CASES: readonly { curve: EcCurve; octets: number; prime: bigint; jwk: Jwk }[] = [
  { curve: "P-256", octets: 32, prime: P256_PRIME, jwk: PUBLIC_KEYS.p256 },
  {
    curve: "P-384",
    octets: 48,
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    jwk: PUBLIC_KEYS.p384,
  },
  { curve: "P-521", octets: 66, prime: 2n ** 521n - 1n, jwk: PUBLIC_KEYS.p521 },
];

function problemOf(curve: EcCurve, members: { x: unknown; y: unknown }): string {
  return describeProblem(() => checkEcKey(curve, members));
}

function nodeAccepts(curve: EcCurve, { x, y }: { x: string; y: string }): boolean {
  try {
    createPublicKey({ key: { kty: "EC", crv: curve, x, y }, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

for (const { curve, octets, prime, jwk } of CASES) {
  describe(`an EC public key on ${curve}`, () => {
    const { x, y } = jwk as { x: string; y: string };

    test("passes, as does the point with the other y", () => {
      const check = checkEcKey(curve, { x, y });
      assert.deepEqual(check, { jwk: { kty: "EC", crv: curve, x, y }, signatureBytes: 2 * octets });
      assert.equal(
        problemOf(curve, { x, y: integerToBase64url(prime - integerFromBase64url(y), octets) }),
        "none",
      );
    });

    test("is refused where a coordinate is one octet longer or shorter", () => {
      const longer = toBase64url(Uint8Array.of(0, ...fromBase64url(x)));
      const shorter = toBase64url(fromBase64url(x).subarray(1));
      assert.match(problemOf(curve, { x: longer, y }), new RegExp(`"x" has ${octets + 1} octets`));
      assert.match(
        problemOf(curve, { x: shorter, y }),
        new RegExp(`"x" has ${octets - 1} octets, expected ${octets}$`),
      );
      assert.match(problemOf(curve, { x, y: shorter }), /"y" has/);
      assert.match(problemOf(curve, { x, y: "" }), /"y" is empty/);
      assert.match(problemOf(curve, { x, y: undefined }), /"y" must be a string, found nothing/);
    });

    test("is refused at the place of infinity and of the coordinates' exchange", () => {
      const zero = integerToBase64url(0n, octets);
      assert.match(problemOf(curve, { x: zero, y: zero }), /not on the curve/);
      assert.match(problemOf(curve, { x: y, y: x }), /not on the curve/);
    });

    test("is refused where a coordinate is not below the prime", () => {
      assert.match(problemOf(curve, { x: integerToBase64url(prime, octets), y }), /"x" is not below/);
      assert.match(problemOf(curve, { x, y: integerToBase64url(prime, octets) }), /"y" is not below/);
      const all = toBase64url(new Uint8Array(octets).fill(255));
      assert.match(problemOf(curve, { x: all, y }), /"x" is not below/);
    });

    test("is refused on the twist, where x belongs to no point", () => {
      let twist = integerFromBase64url(x);
      const b = reduce(integerFromBase64url(y) ** 2n - twist ** 3n + 3n * twist, prime);
      const isSquare = (value: bigint) => power(reduce(value, prime), (prime - 1n) / 2n, prime) === 1n;
      do twist += 1n;
      while (isSquare(twist ** 3n - 3n * twist + b));
      assert.match(problemOf(curve, { x: integerToBase64url(twist, octets), y }), /not on the curve/);
    });

    test("is refused exactly where node:crypto refuses it, whatever bit of it is turned", () => {
      const bit = fc.integer({ min: 0, max: octets * 8 - 1 });
      fc.assert(
        fc.property(bit, fc.constantFrom("x" as const, "y" as const), (position, name) => {
          const turned = Uint8Array.from(fromBase64url(jwk[name]));
          turned[position >> 3] = (turned[position >> 3] ?? 0) ^ (1 << (position & 7));
          const changed = { x, y, [name]: toBase64url(turned) };
          assert.equal(problemOf(curve, changed) === "none", nodeAccepts(curve, changed));
        }),
        { numRuns: 50 },
      );
    });
  });
}

test("points of one curve are refused on another, and Edwards curves are no curves for ECDSA", () => {
  const { x, y } = PUBLIC_KEYS.p256;
  const { x: x521, y: y521 } = PUBLIC_KEYS.p521;
  assert.match(problemOf("P-384", { x, y }), /"x" has 32 octets, expected 48/);
  assert.match(problemOf("P-256", { x: x521, y: y521 }), /"x" has 66 octets, expected 32/);
  const { x: xk, y: yk } = PUBLIC_KEYS.secp256k1;
  assert.match(problemOf("P-256", { x: xk, y: yk }), /not on the curve P-256/);
  assert.throws(() => checkEcKey("Ed25519" as EcCurve, { x, y }));
});

function reduce(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const digit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (digit === "1") result = (result * base) % modulus;
  }
  return result;
}
