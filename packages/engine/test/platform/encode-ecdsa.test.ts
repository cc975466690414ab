import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeEcdsaSignature } from "../../src/platform/encode-ecdsa.ts";

const CURVES = [
  { curve: "P-256", hash: "sha256", half: 32 },
  { curve: "P-384", hash: "sha384", half: 48 },
  { curve: "P-521", hash: "sha512", half: 66 },
] as const;

const SIGNED = Buffer.from("header.payload");

/** Reads a DER sequence of two integers by the rules of X.690, and fails on every other spelling. */
function readDer(der: Uint8Array): readonly [r: bigint, s: bigint] {
  let at = 0;
  const next = (): number => {
    assert.ok(at < der.length, "cut short");
    return der[at++] as number;
  };
  const readLength = (): number => {
    const first = next();
    if (first < 0x80) return first;
    assert.equal(first, 0x81, "no length of these takes more than one octet");
    const length = next();
    assert.ok(length >= 0x80, "the short form was there for it");
    return length;
  };
  const readInteger = (): bigint => {
    assert.equal(next(), 0x02);
    const length = readLength();
    assert.ok(length > 0, "an integer has an octet");
    const octets = der.subarray(at, at + length);
    assert.equal(octets.length, length, "cut short");
    at += length;
    const [first = 0, second = 0x80] = octets;
    assert.ok(first < 0x80, "negative");
    assert.ok(first !== 0 || length === 1 || second >= 0x80, "not the shortest");
    return BigInt(`0x${Buffer.from(octets).toString("hex")}`);
  };
  assert.equal(next(), 0x30);
  assert.equal(readLength(), der.length - at);
  const numbers = [readInteger(), readInteger()] as const;
  assert.equal(at, der.length);
  return numbers;
}

function readNumber(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString("hex")}`);
}

/** Octets whose beginnings are those that DER treats apart: zeros, and a high first bit after them. */
function createHalf(length: number): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.nat(length),
      fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff),
      fc.uint8Array({ minLength: length, maxLength: length }),
    )
    .map(([zeros, first, octets]) => {
      const half = Uint8Array.from(octets).fill(0, 0, zeros);
      if (zeros < length) half[zeros] = first;
      return half;
    });
}

for (const { curve, hash, half } of CURVES) {
  describe(`a signature on ${curve}`, () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });

    function judge(
      signature: Uint8Array,
      signed: Uint8Array = SIGNED,
    ): { readonly inJose: boolean; readonly inDer: boolean } {
      const jose: { readonly key: KeyObject; readonly dsaEncoding: "ieee-p1363" } = {
        key: publicKey,
        dsaEncoding: "ieee-p1363",
      };
      return {
        inJose: verify(hash, signed, jose, signature),
        inDer: verify(hash, signed, publicKey, encodeEcdsaSignature(signature)),
      };
    }

    test("becomes the one DER of its two numbers, whatever they begin with", () => {
      fc.assert(
        fc.property(createHalf(half), createHalf(half), (r, s) => {
          const signature = Buffer.concat([r, s]);
          assert.deepEqual(readDer(encodeEcdsaSignature(signature)), [readNumber(r), readNumber(s)]);
        }),
        { numRuns: 2000 },
      );
    });

    test("is left as it was", () => {
      const signature = new Uint8Array(half * 2).fill(0x81);
      encodeEcdsaSignature(signature);
      assert.deepEqual(signature, new Uint8Array(half * 2).fill(0x81));
    });

    test("of zeros or of the highest octets becomes what these are", () => {
      const zeros = encodeEcdsaSignature(new Uint8Array(half * 2));
      assert.deepEqual([...zeros], [0x30, 6, 0x02, 1, 0, 0x02, 1, 0]);
      const highest = readNumber(new Uint8Array(half).fill(0xff));
      assert.deepEqual(readDer(encodeEcdsaSignature(new Uint8Array(half * 2).fill(0xff))), [
        highest,
        highest,
      ]);
      for (const octet of [0x00, 0x01, 0x80, 0xff]) {
        assert.deepEqual(judge(new Uint8Array(half * 2).fill(octet)), { inJose: false, inDer: false });
      }
    });

    test("verifies in DER where it does in the form of JOSE, also with numbers that begin with zeros", () => {
      let [shortR, shortS] = [0, 0];
      for (let round = 0; shortR === 0 || shortS === 0; round++) {
        assert.ok(round < 20_000, "no signature with leading zeros in both numbers");
        // Another text each time, for runtimes that sign without chance (RFC 6979).
        const signed = Buffer.from(`${round}`);
        const signature = sign(hash, signed, { key: privateKey, dsaEncoding: "ieee-p1363" });
        const isShort = signature[0] === 0 || signature[half] === 0;
        if (signature[0] === 0) shortR++;
        if (signature[half] === 0) shortS++;
        if (round > 10 && !isShort) continue;
        assert.deepEqual(judge(signature, signed), { inJose: true, inDer: true });
        const at = round % signature.length;
        signature[at] = (signature[at] ?? 0) ^ 0x80;
        assert.deepEqual(judge(signature, signed), { inJose: false, inDer: false });
      }
    });
  });
}
