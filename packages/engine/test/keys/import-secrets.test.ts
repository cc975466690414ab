import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type { AlgorithmName } from "../../src/algorithms.ts";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { importSecrets } from "../../src/keys/import-secrets.ts";
import type { ImportedKeySet } from "../../src/keys/imported-key-set.ts";
import { platform } from "../../src/platform/node.ts";
import { toBase64url } from "./public-keys.ts";

const HMACS = ["HS256", "HS384", "HS512"] as const;

function importFor(names: readonly AlgorithmName[], ...secrets: readonly unknown[]): ImportedKeySet {
  return importSecrets(secrets, { algorithms: names.map((name) => ALGORITHMS[name]) });
}

/** Octets that differ from each other, so that no test passes by accident. */
function secretOf(octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, at) => (at * 37 + 11) & 255);
}

function namesOf(set: ImportedKeySet): readonly string[] {
  return set.keys.map(({ algorithm }) => algorithm.name);
}

function problemOf(secret: unknown, names: readonly AlgorithmName[] = HMACS): string {
  return importFor(names, secret).refused[0]?.problem ?? "none";
}

describe("a secret", () => {
  test("counts for every allowed algorithm whose hash it is long enough for", () => {
    const expected: readonly (readonly [number, readonly string[]])[] = [
      [32, ["HS256"]],
      [47, ["HS256"]],
      [48, ["HS256", "HS384"]],
      [63, ["HS256", "HS384"]],
      [64, ["HS256", "HS384", "HS512"]],
      [4096, ["HS256", "HS384", "HS512"]],
    ];
    for (const [octets, names] of expected) {
      assert.deepEqual(namesOf(importFor(HMACS, { bytes: secretOf(octets) })), names, `${octets} octets`);
      assert.deepEqual(namesOf(importFor(HMACS, { base64url: toBase64url(secretOf(octets)) })), names);
    }
    assert.deepEqual(namesOf(importFor(["HS384", "ES256"], { bytes: secretOf(64) })), ["HS384"]);
  });

  test("too short for all of them is refused, with what each needs", () => {
    for (const octets of [0, 1, 31]) {
      const problem = `the secret has ${octets} octets; HS256 needs 32, HS384 needs 48, HS512 needs 64`;
      assert.equal(problemOf({ bytes: secretOf(octets) }), problem);
    }
    assert.equal(problemOf({ bytes: secretOf(63) }, ["HS512"]), "the secret has 63 octets; HS512 needs 64");
    assert.equal(problemOf({ base64url: "" }), '"base64url" is empty');
    assert.match(problemOf({ bytes: secretOf(32) }, ["RS256"]), /^no algorithm .* uses a secret/);
  });

  test("longer than 4096 octets is refused", () => {
    assert.match(problemOf({ bytes: secretOf(4097) }), /has 4097 octets, more than 4096/);
    assert.match(
      problemOf({ base64url: toBase64url(secretOf(4097)) }),
      /has 4097 octets, expected 1 to 4096/,
    );
    assert.match(problemOf({ base64url: "A".repeat(1_000_000) }), /has 750000 octets, expected 1 to 4096/);
  });

  test("must be written in canonical base64url", () => {
    const text = toBase64url(secretOf(32));
    for (const bad of [
      `${text}=`,
      ` ${text}`,
      `${text}\n`,
      text.replace(/.$/, "B"),
      `${text.slice(0, -1)}+`,
      "é",
    ]) {
      assert.match(problemOf({ base64url: bad }), /"base64url" is not canonical base64url without padding/);
    }
    for (const bad of [1, null, {}, ["A"], secretOf(32)]) {
      assert.match(problemOf({ base64url: bad }), /^"base64url" must be a string, found /);
    }
  });

  test("is never bare text, and has exactly one of its two forms", () => {
    for (const bad of ["secret", 1, null, undefined, true, [secretOf(32)]]) {
      assert.match(problemOf(bad), /expected an object with `base64url` or `bytes`, never bare text/);
    }
    const both = { bytes: secretOf(32), base64url: toBase64url(secretOf(32)) };
    for (const bad of [{}, both, { id: "a" }, secretOf(32)]) {
      assert.equal(problemOf(bad), "exactly one of `base64url` and `bytes` is required");
    }
    for (const bad of [
      "secret",
      [1, 2],
      new ArrayBuffer(32),
      new DataView(new ArrayBuffer(32)),
      new Int8Array(32),
    ]) {
      assert.equal(problemOf({ bytes: bad }), "`bytes` must be a Uint8Array");
    }
  });

  test("may be a Uint8Array of another realm", () => {
    const foreign: unknown = runInNewContext("new Uint8Array(32)");
    assert.ok(!(foreign instanceof Uint8Array));
    assert.deepEqual(namesOf(importFor(HMACS, { bytes: foreign })), ["HS256"]);
  });

  test("that is a key or certificate is refused, as octets and as base64url", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = String(publicKey.export({ format: "pem", type: "spki" }));
    const der = publicKey.export({ format: "der", type: "spki" });
    const jwks = JSON.stringify({ keys: [publicKey.export({ format: "jwk" })] });
    const asOctets: readonly Uint8Array[] = [
      Buffer.from(pem),
      Buffer.from(` \n${pem}`),
      der,
      Buffer.from(jwks),
    ];
    for (const octets of asOctets) {
      assert.match(problemOf({ bytes: octets }), /^the secret is an? /);
      assert.match(problemOf({ base64url: toBase64url(octets) }), /^the secret is an? /);
    }
    assert.match(problemOf({ base64url: pem }), /^the secret is a PEM/);
    assert.match(problemOf({ base64url: jwks }), /^the secret is a JWK or a JWK Set/);
  });

  test("is copied: overwriting the caller's octets afterwards changes nothing", async () => {
    const bytes = secretOf(32);
    const signed = Buffer.from("header.payload");
    const signature = createHmac("sha256", bytes).update(signed).digest();
    const [key] = importFor(["HS256"], { bytes }).keys;
    bytes.fill(0);
    assert.ok(key !== undefined && key.material === undefined && key.signatureBytes === 32);
    assert.equal(await platform.verify(key.algorithm, await key.native, { signature, signed }), true);
  });
});

describe("the id of a secret", () => {
  test("is matched exactly, and secrets without id are candidates for tokens without kid", () => {
    const set = importFor(["HS256"], { id: "a", bytes: secretOf(32) }, { bytes: secretOf(33) });
    assert.equal(set.find({ algorithm: ALGORITHMS.HS256, keyId: "a" }).kind, "found");
    assert.equal(set.find({ algorithm: ALGORITHMS.HS256, keyId: "b" }).kind, "refused");
    const lookup = set.find({ algorithm: ALGORITHMS.HS256, keyId: undefined });
    assert.equal(lookup.kind === "found" && lookup.keys.length, 2);
    assert.equal(set.find({ algorithm: ALGORITHMS.HS384, keyId: "a" }).kind, "refused");
  });

  test("is 1 to 256 characters without control characters", () => {
    for (const id of ["", "x".repeat(257), "a\u0000", 1, null, {}]) {
      assert.match(problemOf({ id, bytes: secretOf(32) }), /^`id` must be a string of 1 to 256 characters/);
    }
  });

  test("given twice makes both refused, also where one of them is refused anyway", () => {
    const set = importFor(["HS256"], { id: "a", bytes: secretOf(32) }, { id: "a", bytes: secretOf(33) });
    assert.deepEqual(
      set.refused.map(({ problem }) => problem),
      Array(2).fill("another secret has the same id"),
    );
    assert.equal(set.hasUsableKeys, false);
    const mixed = importFor(["HS256"], { id: "a", bytes: secretOf(32) }, { id: "a", bytes: secretOf(5) });
    assert.equal(mixed.hasUsableKeys, false);
  });
});

test("more than 256 secrets are a problem, and not one of them is dropped in silence", () => {
  const secrets = Array.from({ length: 257 }, (_, at) => ({ id: `s${at}`, bytes: secretOf(32) }));
  assert.deepEqual(importFor(["HS256"], ...secrets.slice(1)).refused, []);
  const set = importFor(["HS256"], ...secrets);
  assert.deepEqual(set.refused, [
    { index: 256, keyId: undefined, problem: "expected at most 256 secrets, found 257" },
  ]);
  assert.equal(set.keys.length, 256);
  assert.deepEqual(set.ignored, []);
});

test("secrets without id do not stand in each other's way", () => {
  const set = importFor(["HS256"], { bytes: secretOf(32) }, { bytes: secretOf(33) });
  assert.equal(set.keys.length, 2);
  assert.deepEqual(set.refused, []);
});

test("importing never throws, and no problem holds a part of the secret", () => {
  const text = fc.string({ minLength: 12, maxLength: 60, unit: fc.constantFrom(..."0123456789+/=?") });
  const value = fc.oneof(text, fc.uint8Array({ maxLength: 31 }));
  fc.assert(
    fc.property(
      fc.oneof(fc.anything(), fc.record({ base64url: value }), fc.record({ bytes: value })),
      (secret) => {
        importSecrets([secret], { algorithms: [ALGORITHMS.HS256] });
      },
    ),
  );
  fc.assert(
    fc.property(text, (secret) => {
      for (const form of [{ base64url: secret }, { bytes: secret }, { bytes: Buffer.from(secret) }, secret]) {
        assert.ok(!problemOf(form).includes(secret));
      }
    }),
  );
});
