import assert from "node:assert/strict";
import { test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { createProofKeyMemory, type ProofKey } from "../../src/binding/proof-keys.ts";
import type { UnverifiedToken } from "../../src/token/parse-token.ts";

function proofOf(headerSegment: string): UnverifiedToken {
  const header = { alg: "ES256", segment: headerSegment };
  return { header, headerSegment, claims: {}, signature: new Uint8Array(), signedText: "", text: "" };
}

const KEY: ProofKey = {
  thumbprint: "t",
  key: {
    keyId: undefined,
    algorithm: ALGORITHMS.ES256,
    signatureBytes: 64,
    material: "m",
    native: { native: undefined },
  },
};

test("the memory of keys holds as many as it may, and forgets the one not seen for longest", () => {
  const memory = createProofKeyMemory(2);
  const [a, b, c] = [proofOf("a"), proofOf("b"), proofOf("c")];
  memory.remember(a, KEY);
  memory.remember(b, KEY);
  memory.remember(a, KEY);
  memory.remember(c, KEY);
  assert.equal(memory.findKey("a"), KEY);
  assert.equal(memory.findHeader("a"), a.header);
  assert.equal(memory.findKey("b"), undefined);
  assert.equal(memory.findHeader("b"), undefined);
  assert.equal(memory.findKey("c"), KEY);
});
