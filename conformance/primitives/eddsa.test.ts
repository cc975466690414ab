import assert from "node:assert/strict";
import type { AlgorithmName } from "../../packages/engine/src/algorithms.ts";
import { canJudge, judgePrimitive } from "./judge-primitive.ts";
import { LabelCheck, type Tally } from "./tally.ts";
import { fromHex, hexToBase64url, testVectors } from "./wycheproof-file.ts";

const FILES: readonly { name: string; algorithm: AlgorithmName; crv: string; expected: Tally }[] = [
  {
    name: "ed25519",
    algorithm: "Ed25519",
    crv: "Ed25519",
    expected: { "length refused": 12, "signature refused": 51, accepted: 88 },
  },
  {
    name: "ed25519",
    algorithm: "EdDSA",
    crv: "Ed25519",
    expected: { "length refused": 12, "signature refused": 51, accepted: 88 },
  },
  {
    name: "ed448",
    algorithm: "Ed448",
    crv: "Ed448",
    expected: { "length refused": 12, "signature refused": 58, accepted: 17 },
  },
];

for (const { name, algorithm, crv, expected } of FILES) {
  const missing = canJudge(algorithm) ? undefined : `this runtime has no ${algorithm}`;
  testVectors({ name, missing }, async (groups) => {
    const check = new LabelCheck();
    for (const { publicKey, tests } of groups) {
      const key = { kty: "OKP", crv, x: hexToBase64url(publicKey?.pk ?? "") };
      for (const vector of tests) {
        const [signed, signature] = [fromHex(vector.msg), fromHex(vector.sig ?? "")];
        check.add(vector, await judgePrimitive({ algorithm, key, signed, signature }));
      }
    }
    assert.deepEqual(check.tally, expected);
  });
}
