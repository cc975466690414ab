import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { ALGORITHMS, type AlgorithmName } from "../../packages/engine/src/algorithms.ts";
import { judgePrimitive } from "./judge-primitive.ts";
import { LabelCheck, refusedBecause, type Tally } from "./tally.ts";
import {
  fromHex,
  hexToBase64url,
  type JsonKey,
  testVectors,
  type WycheproofGroup,
} from "./wycheproof-file.ts";

const FILES: readonly { name: string; algorithm: AlgorithmName; crv: string; expected: Tally }[] = [
  {
    name: "ecdsa_secp256r1_sha256_p1363",
    algorithm: "ES256",
    crv: "P-256",
    expected: { "length refused": 21, "signature refused": 68, accepted: 173 },
  },
  {
    name: "ecdsa_secp384r1_sha384_p1363",
    algorithm: "ES384",
    crv: "P-384",
    expected: { "length refused": 19, "signature refused": 68, accepted: 193 },
  },
  {
    name: "ecdsa_secp521r1_sha512_p1363",
    algorithm: "ES512",
    crv: "P-521",
    expected: { "length refused": 14, "signature refused": 73, accepted: 231 },
  },
];

const IN_DER = refusedBecause("DER is no encoding of JOSE");

/** 04 || x || y; the file's own JWKs are not there for all groups. */
function jwkOf({ publicKey }: WycheproofGroup, crv: string): JsonKey {
  const uncompressed = publicKey?.uncompressed ?? "";
  const middle = 2 + (uncompressed.length - 2) / 2;
  const x = hexToBase64url(uncompressed.slice(2, middle));
  const y = hexToBase64url(uncompressed.slice(middle));
  return { kty: "EC", crv, x, y };
}

for (const { name, algorithm, crv, expected } of FILES) {
  testVectors({ name }, async (groups) => {
    const check = new LabelCheck();
    for (const group of groups) {
      const key = jwkOf(group, crv);
      for (const vector of group.tests) {
        const [signed, signature] = [fromHex(vector.msg), fromHex(vector.sig ?? "")];
        const judgement = await judgePrimitive({ algorithm, key, signed, signature });
        check.add(vector, judgement);
        // The back end writes DER for the runtime, which must make of it what it makes of r || s by itself.
        if (signature.length !== ALGORITHMS[algorithm].signatureBytes) continue;
        const object = createPublicKey({ key, format: "jwk" });
        const digest = ALGORITHMS[algorithm].hash?.replace("-", "").toLowerCase();
        const inJose = verify(digest, signed, { key: object, dsaEncoding: "ieee-p1363" }, signature);
        assert.equal(inJose, judgement === "accepted", `tcId ${vector.tcId} by the runtime's own reading`);
      }
    }
    assert.deepEqual(check.tally, expected);
  });
}

testVectors({ name: "ecdsa_secp256r1_sha256" }, async (groups) => {
  // Signatures in DER, where JOSE has r || s (RFC 7518 section 3.4): all are refused, the valid ones too.
  const check = new LabelCheck();
  for (const group of groups) {
    const key = jwkOf(group, "P-256");
    for (const vector of group.tests) {
      const [signed, signature] = [fromHex(vector.msg), fromHex(vector.sig ?? "")];
      const judgement = await judgePrimitive({ algorithm: "ES256", key, signed, signature });
      check.add(vector, judgement, vector.result === "valid" ? IN_DER : undefined);
    }
  }
  assert.deepEqual(check.tally, { "length refused": 484 });
});
