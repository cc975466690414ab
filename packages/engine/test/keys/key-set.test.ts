import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import type { AlgorithmName } from "../../src/algorithms.ts";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { ImportedKeySet } from "../../src/keys/imported-key-set.ts";
import type { KeySetImportContext } from "../../src/keys/key-set.ts";
import { importKeySet, KeySetError } from "../../src/keys/key-set.ts";
import { platform as node } from "../../src/platform/node.ts";
import { platform as web } from "../../src/platform/web.ts";
import { fromBase64url, INLINE, PUBLIC_KEYS, toBase64url } from "./public-keys.ts";

const { rsa, p256, p384, ed25519, ed448 } = PUBLIC_KEYS;

function importKeys(keys: readonly unknown[], context: Partial<KeySetImportContext> = {}): ImportedKeySet {
  return importKeySet({ keys }, { ...INLINE, ...context });
}

function generateP256(): object {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
}

/** Kids of the keys found, or the reason. */
function lookUp(
  set: ImportedKeySet,
  name: AlgorithmName,
  keyId?: string,
): readonly (string | undefined)[] | string {
  const lookup = set.find({ algorithm: ALGORITHMS[name], keyId });
  return lookup.kind === "found" ? lookup.keys.map((key) => key.keyId) : lookup.reason;
}

function detailOf(set: ImportedKeySet, name: AlgorithmName, keyId?: string): string | undefined {
  const lookup = set.find({ algorithm: ALGORITHMS[name], keyId });
  return lookup.kind === "refused" ? lookup.detail : undefined;
}

describe("looking up a key by kid", () => {
  const set = importKeys([
    { ...p256, kid: "a" },
    { ...rsa, kid: "b" },
    p384,
    { ...rsa, kid: "e", use: "enc" },
  ]);

  test("finds only the key of exactly this kid and algorithm", () => {
    assert.deepEqual(lookUp(set, "ES256", "a"), ["a"]);
    assert.deepEqual(lookUp(set, "RS256", "b"), ["b"]);
    assert.deepEqual(lookUp(set, "PS512", "b"), ["b"]);
    for (const keyId of ["A", "a ", "", "c", "__proto__", "constructor", "toString", "a\u0000"]) {
      assert.equal(lookUp(set, "ES256", keyId), "key_unknown");
    }
  });

  test("never finds a key without kid", () => {
    assert.equal(lookUp(set, "ES384", "a"), "key_unsuitable");
    assert.equal(lookUp(set, "ES384", "undefined"), "key_unknown");
  });

  test("says key_unsuitable where the kid is there, but not for this algorithm", () => {
    assert.equal(lookUp(set, "RS256", "a"), "key_unsuitable");
    assert.equal(detailOf(set, "RS256", "a"), 'the key "a" is for ES256');
    const two = importKeys([{ ...rsa, kid: "b" }], { algorithms: [ALGORITHMS.RS256, ALGORITHMS.PS512] });
    assert.equal(detailOf(two, "ES256", "b"), 'the key "b" is for RS256, PS512');
    assert.equal(lookUp(set, "HS256", "b"), "key_unsuitable");
  });

  test("says key_unsuitable where the kid is there, but the key was refused or ignored", () => {
    const broken = importKeys([
      { ...rsa, e: "AQ", kid: "weak" },
      { ...p256, use: "enc", kid: "enc" },
    ]);
    assert.equal(lookUp(broken, "RS256", "weak"), "key_unsuitable");
    assert.match(detailOf(broken, "RS256", "weak") ?? "", /"weak" does not count: the RSA exponent is 1/);
    assert.equal(lookUp(broken, "ES256", "enc"), "key_unsuitable");
    assert.equal(lookUp(broken, "ES256"), "key_unknown");
    assert.equal(lookUp(broken, "ES256", "other"), "key_unknown");
  });

  test("makes nothing anew: the same query gives the same answer object", () => {
    const query = { algorithm: ALGORITHMS.ES256, keyId: "a" };
    assert.equal(set.find(query), set.find(query));
    assert.ok(Object.isFrozen(set.find(query)));
  });
});

describe("looking up a key without kid", () => {
  test("gives every key of the algorithm, with kid and without", () => {
    const set = importKeys([{ ...p256, kid: "a" }, generateP256(), { ...rsa, kid: "b" }, rsa]);
    assert.deepEqual(lookUp(set, "ES256"), ["a", undefined]);
    assert.deepEqual(lookUp(set, "RS256"), ["b", undefined]);
    assert.equal(lookUp(set, "ES384"), "key_unknown");
  });

  test("gives at most four, and for five says that the kid is needed", () => {
    const keys = Array.from({ length: 5 }, (_, at) => ({ ...generateP256(), kid: `k${at}` }));
    assert.deepEqual(lookUp(importKeys(keys.slice(0, 4)), "ES256"), ["k0", "k1", "k2", "k3"]);
    const five = importKeys(keys);
    assert.equal(lookUp(five, "ES256"), "key_unknown");
    assert.match(detailOf(five, "ES256") ?? "", /no kid, and 5 keys fit; at most 4/);
    assert.deepEqual(lookUp(five, "ES256", "k4"), ["k4"]);
  });
});

describe("the name EdDSA in a token", () => {
  test("finds the Ed25519 key, and never the Ed448 key, where it is allowed", () => {
    const set = importKeys([
      { ...ed25519, kid: "x" },
      { ...ed448, kid: "y" },
    ]);
    assert.deepEqual(lookUp(set, "EdDSA", "x"), ["x"]);
    assert.deepEqual(lookUp(set, "Ed25519", "x"), ["x"]);
    assert.equal(lookUp(set, "EdDSA", "y"), "key_unsuitable");
    assert.deepEqual(lookUp(set, "EdDSA"), ["x"]);
  });

  test("finds nothing where only Ed25519 is allowed, nor the other way round", () => {
    const keys = [{ ...ed25519, kid: "x", alg: "EdDSA" }];
    const modern = importKeys(keys, { algorithms: [ALGORITHMS.Ed25519] });
    assert.deepEqual(lookUp(modern, "Ed25519", "x"), ["x"]);
    assert.equal(lookUp(modern, "EdDSA", "x"), "key_unsuitable");
    const old = importKeys(keys, { algorithms: [ALGORITHMS.EdDSA] });
    assert.deepEqual(lookUp(old, "EdDSA", "x"), ["x"]);
    assert.equal(lookUp(old, "Ed25519", "x"), "key_unsuitable");
  });
});

describe("an algorithm that the issuer does not allow", () => {
  test("finds no key, even where one of its type is there", () => {
    const set = importKeys([{ ...rsa, kid: "a" }], { algorithms: [ALGORITHMS.PS256] });
    assert.deepEqual(lookUp(set, "PS256", "a"), ["a"]);
    assert.equal(lookUp(set, "RS256", "a"), "key_unsuitable");
    assert.equal(lookUp(set, "RS256"), "key_unknown");
  });
});

describe("two keys of one kid", () => {
  test("are both refused where type is the same and material differs", () => {
    const other = { ...generateP256(), kid: "a" };
    const set = importKeys([{ ...p256, kid: "a" }, { ...rsa, kid: "b" }, other]);
    assert.deepEqual(
      set.refused.map(({ index, keyId }) => [index, keyId]),
      [
        [0, "a"],
        [2, "a"],
      ],
    );
    assert.match(set.refused[0]?.problem ?? "", /another key of the set has the same kid and kty/);
    assert.equal(lookUp(set, "ES256", "a"), "key_unsuitable");
    assert.equal(lookUp(set, "ES256"), "key_unknown");
    assert.deepEqual(lookUp(set, "RS256", "b"), ["b"]);
  });

  test("are both refused also where the curves differ, and where three are there of which two are equal", () => {
    assert.equal(
      importKeys([
        { ...p256, kid: "a" },
        { ...p384, kid: "a" },
      ]).refused.length,
      2,
    );
    const equal = { ...p256, kid: "a" };
    assert.equal(importKeys([equal, { ...generateP256(), kid: "a" }, equal]).refused.length, 3);
  });

  test("are one key where the material is the same", () => {
    const set = importKeys([
      { ...p256, kid: "a" },
      { ...p256, kid: "a", x5t: "other" },
    ]);
    assert.deepEqual(set.refused, []);
    assert.deepEqual(set.ignored, [{ index: 1, keyId: "a", problem: "the same key is in the set already" }]);
    assert.deepEqual(lookUp(set, "ES256", "a"), ["a"]);
  });

  test("are two keys where the types differ (RFC 7517 section 4.5)", () => {
    const set = importKeys([
      { ...p256, kid: "a" },
      { ...rsa, kid: "a" },
    ]);
    assert.deepEqual(set.refused, []);
    assert.deepEqual(lookUp(set, "ES256", "a"), ["a"]);
    assert.deepEqual(lookUp(set, "RS256", "a"), ["a"]);
  });

  test("do not touch each other where one is for encryption or broken", () => {
    const set = importKeys([
      { ...p256, kid: "a" },
      { ...generateP256(), kid: "a", use: "enc" },
      { ...generateP256(), kid: "a", y: p256["y"] },
    ]);
    assert.deepEqual(lookUp(set, "ES256", "a"), ["a"]);
    assert.deepEqual(
      set.refused.map(({ index }) => index),
      [2],
    );
  });

  test("are reported in the order of the set, beside keys that are refused for other reasons", () => {
    const set = importKeys([{ ...p256, kid: "a" }, {}, { ...generateP256(), kid: "a" }, null]);
    assert.deepEqual(
      set.refused.map(({ index }) => index),
      [0, 1, 2, 3],
    );
    const repeated = importKeys([p256, p256, { ...p256, use: "enc" }, p256]);
    assert.deepEqual(
      repeated.ignored.map(({ index }) => index),
      [1, 2, 3],
    );
  });

  test("are kept in the order of the set", () => {
    const set = importKeys([{ ...p256, kid: "b" }, { ...ed25519, kid: "a" }, p256, { ...p256, kid: "b" }]);
    assert.deepEqual(
      set.keys.map(({ keyId }) => keyId),
      ["b", "a", undefined],
    );
  });

  test("are not confused with a key without kid, whatever a kid spells", () => {
    const material = importKeys([p256]).keys[0]?.material;
    const set = importKeys([p256, { ...generateP256(), kid: material }]);
    assert.deepEqual(set.refused, []);
    assert.equal(set.keys.length, 2);
  });

  test("that have no kid stand beside each other, and equal ones are one", () => {
    const set = importKeys([p256, generateP256(), p256]);
    assert.equal(set.keys.length, 2);
    assert.deepEqual(
      set.ignored.map(({ index }) => index),
      [2],
    );
  });
});

describe("a set", () => {
  test("loses nothing but the malformed keys among good ones", () => {
    const holes: unknown[] = [];
    holes.length = 2;
    const keys = [null, { ...p256, kid: "a" }, 5, "key", { kty: "RSA", n: "***", e: "AQAB" }, [], ...holes];
    const set = importKeys(keys);
    assert.deepEqual(lookUp(set, "ES256", "a"), ["a"]);
    assert.deepEqual(
      set.refused.map(({ index }) => index),
      [0, 2, 3, 4, 5, 6, 7],
    );
    assert.equal(set.hasUsableKeys, true);
  });

  test("of symmetric and asymmetric keys keeps the asymmetric ones only", () => {
    const set = importKeys([
      { kty: "oct", kid: "s", k: toBase64url(new Uint8Array(64)) },
      { ...p256, kid: "a" },
    ]);
    assert.equal(lookUp(set, "HS256", "s"), "key_unsuitable");
    assert.equal(lookUp(set, "HS256"), "key_unknown");
    assert.deepEqual(lookUp(set, "ES256", "a"), ["a"]);
  });

  test("without usable keys says so and answers key_unknown", () => {
    for (const keys of [[], [{ ...p256, use: "enc" }], [{}]]) {
      const set = importKeys(keys);
      assert.equal(set.hasUsableKeys, false);
      assert.equal(lookUp(set, "ES256"), "key_unknown");
    }
  });

  test("has at most 256 keys, or what is configured", () => {
    const keys = Array.from({ length: 257 }, () => p256);
    assert.equal(importKeys(keys.slice(0, 256)).hasUsableKeys, true);
    assert.throws(
      () => importKeys(keys),
      new KeySetError("expected at most 256 keys, found 257; see maxKeys", true),
    );
    assert.throws(() => importKeys([p256, p384], { maxKeys: 1 }), KeySetError);
  });

  test("is an object with an own array of keys, or an error", () => {
    const inherited = Object.create({ keys: [p256] });
    const getter = Object.defineProperty({}, "keys", { get: () => [p256] });
    for (const document of [
      undefined,
      null,
      [],
      "keys",
      {},
      { keys: {} },
      { keys: "a" },
      inherited,
      getter,
    ]) {
      assert.throws(() => importKeySet(document as { keys: [] }, INLINE), {
        name: "KeySetError",
        message: "expected a member keys that is an array (RFC 7517 section 5)",
        isTooLarge: false,
      });
    }
  });
});

describe("settling a set", () => {
  const keys = [
    { ...p256, kid: "a" },
    { ...rsa, kid: "b" },
  ];

  test("gives the set itself where the platform is synchronous", async () => {
    const set = importKeys(keys, { platform: node });
    assert.equal(await set.settle(), set);
  });

  test("gives a set with the same answers and without promises where it is not", async () => {
    const set = importKeys(keys, { platform: web });
    assert.ok(set.keys.every(({ native }) => native instanceof Promise));
    const settled = await set.settle();
    assert.ok(settled.keys.every(({ native }) => !(native instanceof Promise)));
    assert.deepEqual(
      settled.keys.map(({ keyId, algorithm, material }) => [keyId, algorithm, material]),
      set.keys.map(({ keyId, algorithm, material }) => [keyId, algorithm, material]),
    );
    assert.deepEqual(lookUp(settled, "RS512", "b"), ["b"]);
  });

  test("waits for each key where only some are imported asynchronously", async () => {
    const mixed: typeof node = {
      ...node,
      importKey: async (algorithm, jwk) => node.importKey(algorithm, jwk),
    };
    const some: typeof node = {
      ...node,
      importKey: (algorithm, jwk) => (jwk.kty === "RSA" ? mixed : node).importKey(algorithm, jwk),
    };
    const settled = await importKeys(keys, { platform: some }).settle();
    assert.ok(settled.keys.every(({ native }) => !(native instanceof Promise)));
    assert.deepEqual(lookUp(settled, "RS256", "b"), ["b"]);
    assert.deepEqual(lookUp(settled, "ES256", "a"), ["a"]);
  });

  test("keeps what was refused and ignored before", async () => {
    const set = importKeys([...keys, { ...p384, kid: 1 }, { ...p384, use: "enc" }], { platform: web });
    const settled = await set.settle();
    assert.deepEqual(settled.refused, set.refused);
    assert.equal(settled.refused.length, 1);
    assert.deepEqual(settled.ignored, set.ignored);
    assert.equal(settled.ignored.length, 1);
  });

  test("may be left out: what the runtime refuses harms nobody", async () => {
    const refusing: typeof web = { ...web, importKey: () => Promise.reject(new Error("no such key")) };
    assert.equal(importKeys(keys, { platform: refusing }).hasUsableKeys, true);
    // An unhandled rejection would end the process in the next turn.
    await new Promise(setImmediate);
  });

  test("moves keys that the runtime refuses to the refused ones, and keeps the others", async () => {
    const refusingRsa: typeof web = {
      ...web,
      importKey: (algorithm, jwk) =>
        jwk.kty === "RSA" ? Promise.reject(new Error("no RSA")) : web.importKey(algorithm, jwk),
    };
    const set = importKeys(keys, { platform: refusingRsa });
    const settled = await set.settle();
    assert.deepEqual(settled.refused, [
      { index: 1, keyId: "b", problem: "the runtime's crypto refuses the key" },
    ]);
    assert.deepEqual(lookUp(settled, "ES256", "a"), ["a"]);
    assert.equal(lookUp(settled, "RS256", "b"), "key_unsuitable");
  });
});

test("a set is immutable, and independent of the document that it came from", () => {
  const document = { keys: [{ ...p256, kid: "a" } as Record<string, unknown>] };
  const set = importKeySet(document, INLINE);
  const before = set.keys[0]?.material;
  const [jwk] = document.keys;
  if (jwk !== undefined) jwk["x"] = toBase64url(fromBase64url(p256["y"]));
  document.keys.length = 0;
  assert.equal(set.keys[0]?.material, before);
  assert.deepEqual(lookUp(set, "ES256", "a"), ["a"]);
  assert.ok([set, set.keys, set.refused, set.ignored].every(Object.isFrozen));
});
