import assert from "node:assert/strict";
import { createSign, generateKeyPairSync, verify } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readEcdsaSignature } from "../../src/backends/read-ecdsa-signature.ts";
import { encodeDerSignature } from "./kit/encode-der-signature.ts";

const CURVES = [
  { namedCurve: "P-256", hash: "sha256", bytes: 32 },
  { namedCurve: "P-384", hash: "sha384", bytes: 48 },
  { namedCurve: "P-521", hash: "sha512", bytes: 66 },
] as const;

describe("an ECDSA signature in DER", () => {
  for (const { namedCurve, hash, bytes } of CURVES) {
    it(`becomes the form of JOSE that verifies: ${namedCurve}`, () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
      for (let round = 0; round < 50; round++) {
        const data = Buffer.from(`message ${round}`);
        const raw = readEcdsaSignature(createSign(hash).update(data).sign(privateKey), bytes);
        assert.equal(raw?.length, 2 * bytes);
        assert.equal(verify(hash, data, { key: publicKey, dsaEncoding: "ieee-p1363" }, raw), true);
      }
    });

    it(`is read for any two numbers, short ones filled up: ${namedCurve}`, () => {
      const number = fc
        .integer({ min: 1, max: bytes })
        .chain((length) => fc.bigInt({ min: 1n, max: 2n ** BigInt(8 * length) - 1n }));
      fc.assert(
        fc.property(number, number, (r, s) => {
          const raw = readEcdsaSignature(encodeDerSignature(r, s), bytes);
          const expected = [r, s].map((value) => value.toString(16).padStart(2 * bytes, "0")).join("");
          assert.equal(Buffer.from(raw ?? []).toString("hex"), expected);
        }),
      );
    });
  }

  it("is read in no other encoding than its one", () => {
    const good = encodeDerSignature(0x80n, 0x7fn);
    assert.ok(readEcdsaSignature(good, 32));
    for (const hex of [
      "",
      "30",
      "3000",
      "3003020101",
      "30060201000201 01", // r is zero
      "300602010102 0100", // s is zero
      "3006020181020101", // r is negative
      "300702020001020101", // zeros that nothing asks for
      "30070202000102020001",
      "300602010102010100", // something behind it
      "300702010102010100", // something behind it, inside
      "3006020101020101ff",
      "3007020101020101", // longer than it is
      "3106020101020101", // a set
      "3006030101020101", // a bit string
      "308106020101020101", // the long form of a short length
      "30820006020101020101",
      "3006020201020101",
      "30060201010203 01",
      "30050201010200",
    ]) {
      assert.equal(readEcdsaSignature(Buffer.from(hex.replaceAll(" ", ""), "hex"), 32), undefined, hex);
    }
    assert.equal(readEcdsaSignature(encodeDerSignature(2n ** 256n, 1n), 32), undefined);
    assert.equal(readEcdsaSignature(encodeDerSignature(1n, 2n ** 256n), 32), undefined);
  });

  it("is judged without an error, whatever octets they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), (octets) => {
        const raw = readEcdsaSignature(octets, 32);
        if (raw === undefined) return;
        const [r, s] = [raw.subarray(0, 32), raw.subarray(32)].map((half) =>
          BigInt(`0x${Buffer.from(half).toString("hex")}`),
        );
        assert.deepEqual(Buffer.from(encodeDerSignature(r ?? 0n, s ?? 0n)), Buffer.from(octets));
      }),
    );
  });
});
