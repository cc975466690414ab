import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { VerificationKey } from "../../src/keys/key-source.ts";
import { areSameKeys, type Remembered, SignatureMemory } from "../../src/validator/signature-memory.ts";
import { createToken, createTwin } from "./sample-tokens.ts";

const LIMITS = { maxEntries: 100, maxBytes: 2 ** 20 };

/** Only its identity counts here. */
function createRemembered(): Remembered {
  return {} as Remembered;
}

/** Presents a token so often that it is remembered. */
function present(memory: SignatureMemory, text: string, isVerified: boolean): Remembered {
  const remembered = createRemembered();
  memory.remember(text, isVerified, () => remembered);
  memory.remember(text, isVerified, () => remembered);
  return remembered;
}

describe("the memory of signatures", () => {
  test("asks what there is to remember only when a token comes again", () => {
    const memory = new SignatureMemory(LIMITS);
    for (const isVerified of [true, false]) {
      const token = createToken(isVerified ? 1 : 2);
      memory.remember(token, isVerified, () => assert.fail("described a token that came once"));
      assert.equal(memory.find(token), undefined);
      const remembered = createRemembered();
      memory.remember(token, isVerified, () => remembered);
      assert.equal(memory.find(token), remembered);
    }
  });

  test("lets bad signatures displace no good one, in whatever number and however often they come", () => {
    const memory = new SignatureMemory(LIMITS);
    const good = Array.from({ length: 100 }, (_, serial) => createToken(serial));
    const remembered = good.map((token) => present(memory, token, true));
    const bad = Array.from({ length: 5000 }, (_, serial) => createToken(1000 + serial, "bad"));
    for (const token of bad) {
      present(memory, token, false);
      for (let use = 0; use < 4; use++) memory.find(token);
    }
    assert.deepEqual(
      good.map((token) => memory.find(token)),
      remembered,
    );
    const held = bad.filter((token) => memory.find(token) !== undefined).length;
    assert.ok(held > 0 && held <= 256, `${held} bad ones`);
  });

  test("keeps a good one that a bad one ends like, whatever becomes of that", () => {
    const memory = new SignatureMemory(LIMITS);
    const good = createToken(1);
    const bad = createTwin(good);
    const remembered = present(memory, good, true);
    const refused = present(memory, bad, false);
    assert.deepEqual([memory.find(good), memory.find(bad)], [remembered, refused]);
    assert.notEqual(memory.find(good), memory.find(bad));
    memory.forget(bad);
    assert.equal(memory.find(bad), undefined);
    assert.equal(memory.find(good), remembered);
  });

  test("forgets a token as good and as bad", () => {
    const memory = new SignatureMemory(LIMITS);
    const token = createToken(1);
    present(memory, token, false);
    present(memory, token, true);
    memory.forget(token);
    assert.equal(memory.find(token), undefined);
  });

  test("has room for bad ones of a mebibyte in all", () => {
    const memory = new SignatureMemory(LIMITS);
    const bad = Array.from({ length: 64 }, (_, serial) => createToken(serial, "c".repeat(60_000)));
    for (const token of bad) present(memory, token, false);
    const held = bad.filter((token) => memory.find(token) !== undefined);
    assert.equal(held.length, Math.floor(2 ** 20 / (60_049 + 1024)));
  });
});

describe("keys", () => {
  const base: VerificationKey = {
    keyId: "first",
    algorithm: ALGORITHMS.ES256,
    signatureBytes: 64,
    material: '{"crv":"P-256"}',
    native: { native: 1 },
  };

  test("are the same with the same material, kid and algorithm, in the same order and number", () => {
    const other = { ...base, keyId: "other", material: "{}" };
    assert.ok(areSameKeys([base, other], [base, other]));
    assert.ok(areSameKeys([base], [{ ...base, native: { native: 2 } }]), "imported anew from another answer");
    assert.ok(areSameKeys([], []));
    const differing: readonly (readonly VerificationKey[])[] = [
      [],
      [base, base],
      [other],
      [{ ...base, material: "{}" }],
      [{ ...base, material: undefined }],
      [{ ...base, keyId: "other" }],
      [{ ...base, keyId: undefined }],
      [{ ...base, algorithm: ALGORITHMS.ES384 }],
    ];
    for (const keys of differing) {
      assert.equal(areSameKeys([base], keys), false);
      assert.equal(areSameKeys(keys, [base]), false);
    }
    assert.equal(areSameKeys([base, other], [other, base]), false);
  });

  test("that are secrets are the same only where they are one object", () => {
    const secret: VerificationKey = { ...base, algorithm: ALGORITHMS.HS256, material: undefined };
    assert.ok(areSameKeys([secret], [secret]));
    assert.equal(areSameKeys([secret], [{ ...secret }]), false);
  });
});
