import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { integerFromOctets, powerModulo, reduce } from "../../src/keys/integers.ts";

test("octets are read as a big-endian integer", () => {
  assert.equal(integerFromOctets(new Uint8Array()), 0n);
  assert.equal(integerFromOctets(Uint8Array.of(1, 0, 1)), 65537n);
  assert.equal(integerFromOctets(Uint8Array.of(0, 0, 255)), 255n);
});

test("a remainder is never negative and below the modulus", () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 1n << 64n }), (value, modulus) => {
      const remainder = reduce(value, modulus);
      assert.ok(remainder >= 0n && remainder < modulus);
      assert.equal((value - remainder) % modulus, 0n);
    }),
  );
});

test("a power is what multiplying so many times gives", () => {
  const base = fc.bigInt({ min: -1000n, max: 1000n });
  fc.assert(
    fc.property(
      base,
      fc.nat({ max: 40 }),
      fc.bigInt({ min: 2n, max: 1n << 40n }),
      (value, times, modulus) => {
        let product = 1n;
        for (let count = 0; count < times; count++) product *= value;
        assert.equal(powerModulo(value, { exponent: BigInt(times), modulus }), reduce(product, modulus));
      },
    ),
  );
});
