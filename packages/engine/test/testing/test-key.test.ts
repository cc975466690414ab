import assert from "node:assert/strict";
import type { webcrypto } from "node:crypto";
import { constants, createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { describe, test } from "node:test";
import type { TestKey } from "countersign/testing";
import { createTestKey } from "countersign/testing";
import type { AlgorithmName } from "../../src/algorithms.ts";
import { ALGORITHMS } from "../../src/algorithms.ts";

const NAMES = Object.keys(ALGORITHMS) as AlgorithmName[];
const PUBLIC_NAMES = NAMES.filter((name) => ALGORITHMS[name].family !== "hmac");
const DATA = Buffer.from("header.payload");

function hasMlDsa(): boolean {
  try {
    generateKeyPairSync("ml-dsa-44");
    return true;
  } catch {
    return false;
  }
}

function verifyWithNode(key: TestKey, signature: Uint8Array): boolean {
  const { hash, family, saltBytes } = ALGORITHMS[key.algorithm];
  const publicKey = createPublicKey({ key: key.publicJwk as webcrypto.JsonWebKey, format: "jwk" });
  if (family === "ecdsa") return verify(hash, DATA, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
  if (family !== "rsa-pss") return verify(hash ?? null, DATA, publicKey, signature);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(hash, DATA, { key: publicKey, padding, saltLength: saltBytes }, signature);
}

describe("createTestKey", () => {
  for (const name of PUBLIC_NAMES) {
    const skip = name.startsWith("ML-DSA") && !hasMlDsa() ? "this runtime has no ML-DSA" : false;
    test(`makes a key of ${name} whose signatures node:crypto verifies`, { skip }, async () => {
      const key = await createTestKey(name);
      const signature = await key.sign(DATA);
      const { signatureBytes, keyType, curve } = ALGORITHMS[name];
      assert.equal(signature.length, signatureBytes ?? 256);
      assert.ok(verifyWithNode(key, signature));
      const last = signature.length - 1;
      signature[last] = (signature[last] ?? 0) ^ 1;
      assert.ok(!verifyWithNode(key, signature));
      const { kty, crv, kid, use, alg } = key.publicJwk ?? {};
      assert.deepEqual([kty, crv, kid, use, alg], [keyType, curve, key.keyId, "sig", name]);
    });
  }

  test("publishes no private member and gives the same key as PEM", async () => {
    for (const name of ["RS256", "ES384", "Ed25519", "Ed448"] as const) {
      const { publicJwk, publicPem } = await createTestKey(name);
      for (const member of ["d", "p", "q", "dp", "dq", "qi", "k", "priv"])
        assert.ok(!(member in (publicJwk ?? {})));
      const fromPem = createPublicKey(publicPem ?? "").export({ format: "jwk" });
      const { kid: _kid, use: _use, alg: _alg, ...members } = publicJwk ?? {};
      assert.deepEqual(fromPem, members);
    }
  });

  test("names a key by its RFC 7638 thumbprint", async () => {
    const { keyId, publicJwk } = await createTestKey("ES256");
    const { crv, kty, x, y } = publicJwk as webcrypto.JsonWebKey;
    const canonical = `{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`;
    assert.equal(keyId, createHash("sha256").update(canonical).digest("base64url"));
  });

  test("makes HMAC secrets as long as the hash, and shows no public key of them", async () => {
    for (const [name, bytes] of [
      ["HS256", 32],
      ["HS384", 48],
      ["HS512", 64],
    ] as const) {
      const key = await createTestKey(name);
      assert.equal(key.secret?.length, bytes);
      assert.equal(key.publicJwk, undefined);
      assert.equal((await key.sign(DATA)).length, bytes);
    }
  });

  test("takes a kid and a modulus length", async () => {
    const key = await createTestKey("RS256", { keyId: "k1", modulusBits: 1024 });
    assert.equal(key.keyId, "k1");
    assert.equal((await key.sign(DATA)).length, 128);
  });
});
