import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { checkEdwardsKey, type EdwardsCurve } from "../../src/keys/check-edwards-key.ts";
import { platform } from "../../src/platform/node.ts";
import { describeProblem, fromBase64url, PUBLIC_KEYS, toBase64url } from "./public-keys.ts";

const P25519 = 2n ** 255n - 19n;
const P448 = 2n ** 448n - 2n ** 224n - 1n;

function problemOf(curve: EdwardsCurve, x: unknown): string {
  return describeProblem(() => checkEdwardsKey(curve, { x }));
}

function fromHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64url");
}

/** Little-endian y with the sign of x in the last bit (RFC 8032 section 5.1.2). */
function encodePoint(y: bigint, { octets, sign }: { octets: number; sign: 0 | 1 }): string {
  const encoded = y | (BigInt(sign) << BigInt(octets * 8 - 1));
  return Buffer.from(encoded.toString(16).padStart(octets * 2, "0"), "hex")
    .reverse()
    .toString("base64url");
}

/** The eight points of order 1, 2, 4 and 8. */
const SMALL_ORDER_25519 = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

describe("an Ed25519 public key", () => {
  const { x } = PUBLIC_KEYS.ed25519;

  test("passes, and so do a hundred generated ones and the base point", () => {
    assert.deepEqual(checkEdwardsKey("Ed25519", { x }), {
      jwk: { kty: "OKP", crv: "Ed25519", x },
      signatureBytes: 64,
    });
    for (let count = 0; count < 100; count++) {
      const generated = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
      assert.equal(problemOf("Ed25519", generated.x), "none");
    }
    assert.equal(problemOf("Ed25519", fromHex(`58${"66".repeat(31)}`)), "none");
  });

  test("is refused at each of the eight points of small order", () => {
    for (const point of SMALL_ORDER_25519) {
      assert.equal(problemOf("Ed25519", fromHex(point)), "the point has small order (Ed25519)", point);
    }
  });

  test("is refused in every encoding of a y from the prime on", () => {
    for (let y = P25519; y < 2n ** 255n; y++) {
      for (const sign of [0, 1] as const) {
        const problem = problemOf("Ed25519", encodePoint(y, { octets: 32, sign }));
        assert.equal(problem, "the point is not canonically encoded (Ed25519)");
      }
    }
  });

  test("is refused where x is zero and its sign is set", () => {
    for (const y of [1n, P25519 - 1n]) {
      const problem = problemOf("Ed25519", encodePoint(y, { octets: 32, sign: 1 }));
      assert.equal(problem, "the point is not canonically encoded (Ed25519)");
    }
  });

  test("is refused where no x belongs to y, which Euler's criterion tells", () => {
    const d = reduce(-121665n * power(121666n, P25519 - 2n, P25519), P25519);
    const y = fc.bigInt({ min: 2n, max: P25519 - 2n });
    let refused = 0;
    fc.assert(
      fc.property(y, fc.constantFrom(0 as const, 1 as const), (value, sign) => {
        const square =
          (value * value - 1n) * power(reduce(d * value * value + 1n, P25519), P25519 - 2n, P25519);
        const onCurve = power(reduce(square, P25519), (P25519 - 1n) / 2n, P25519) === 1n;
        const problem = problemOf("Ed25519", encodePoint(value, { octets: 32, sign }));
        assert.equal(problem, onCurve ? "none" : "the point is not on the curve (Ed25519)");
        if (!onCurve) refused++;
      }),
      { numRuns: 100 },
    );
    assert.ok(refused > 0);
  });

  test("is refused with another length, or without canonical base64url", () => {
    assert.match(
      problemOf("Ed25519", toBase64url(fromBase64url(x).subarray(1))),
      /"x" has 31 octets, expected 32$/,
    );
    assert.match(problemOf("Ed25519", PUBLIC_KEYS.ed448["x"]), /"x" has 57 octets, expected 32/);
    assert.match(problemOf("Ed25519", `${String(x)}=`), /"x" is not canonical/);
    assert.match(problemOf("Ed25519", undefined), /"x" must be a string, found nothing/);
    assert.throws(() => checkEdwardsKey("P-256" as EdwardsCurve, { x }));
  });
});

describe("an Ed448 public key", () => {
  const { x } = PUBLIC_KEYS.ed448;

  test("passes, and so do twenty generated ones", (context) => {
    assert.deepEqual(checkEdwardsKey("Ed448", { x }), {
      jwk: { kty: "OKP", crv: "Ed448", x },
      signatureBytes: 114,
    });
    if (!platform.supports(ALGORITHMS.Ed448)) {
      context.diagnostic("this runtime makes no Ed448 keys");
      return;
    }
    for (let count = 0; count < 20; count++) {
      const generated = generateKeyPairSync("ed448").publicKey.export({ format: "jwk" });
      assert.equal(problemOf("Ed448", generated.x), "none");
    }
  });

  test("is refused at each of the four points of small order", () => {
    const points: readonly (readonly [bigint, 0 | 1])[] = [
      [1n, 0],
      [P448 - 1n, 0],
      [0n, 0],
      [0n, 1],
    ];
    for (const [y, sign] of points) {
      assert.equal(
        problemOf("Ed448", encodePoint(y, { octets: 57, sign })),
        "the point has small order (Ed448)",
      );
    }
  });

  test("is refused where it is not canonically encoded", () => {
    const notCanonical = [
      encodePoint(P448, { octets: 57, sign: 0 }),
      encodePoint(P448 + 1n, { octets: 57, sign: 1 }),
      encodePoint(2n ** 448n - 1n, { octets: 57, sign: 0 }),
      encodePoint(2n ** 448n + 5n, { octets: 57, sign: 0 }),
      encodePoint(1n, { octets: 57, sign: 1 }),
      encodePoint(P448 - 1n, { octets: 57, sign: 1 }),
    ];
    for (const encoded of notCanonical) {
      assert.equal(problemOf("Ed448", encoded), "the point is not canonically encoded (Ed448)");
    }
  });

  test("is refused where no x belongs to y", () => {
    let refused = 0;
    for (let y = 2n; y < 12n; y++) {
      const square = (1n - y * y) * power(reduce(1n + 39081n * y * y, P448), P448 - 2n, P448);
      const onCurve = power(reduce(square, P448), (P448 - 1n) / 2n, P448) === 1n;
      const problem = problemOf("Ed448", encodePoint(y, { octets: 57, sign: 0 }));
      assert.equal(problem, onCurve ? "none" : "the point is not on the curve (Ed448)");
      if (!onCurve) refused++;
    }
    assert.ok(refused > 0);
  });

  test("is refused with another length", () => {
    assert.match(
      problemOf("Ed448", toBase64url(fromBase64url(x).subarray(1))),
      /"x" has 56 octets, expected 57$/,
    );
    assert.match(problemOf("Ed448", PUBLIC_KEYS.ed25519["x"]), /"x" has 32 octets, expected 57/);
  });
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
