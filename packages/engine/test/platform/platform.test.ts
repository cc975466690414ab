import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Algorithm, AlgorithmName } from "../../src/algorithms.ts";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { platform as node } from "../../src/platform/node.ts";
import type { NativeKey, Platform, PublicJwk } from "../../src/platform/platform.ts";
import { findProbeKey } from "../../src/platform/probe-keys.ts";
import { platform as web } from "../../src/platform/web.ts";

const SIGNED = Buffer.from("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0");
const SECRET = Buffer.from(Array.from({ length: 64 }, (_, at) => at));

interface Signer {
  readonly jwk: PublicJwk | undefined;
  sign(octets: Uint8Array): Uint8Array;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const rsa: KeyPair = generateKeyPairSync("rsa", { modulusLength: 2048 });

function signWith(key: KeyPair, algorithm: Algorithm, saltLength?: number): Signer {
  const digest = algorithm.hash?.replace("-", "").toLowerCase() ?? null;
  const padding = algorithm.family === "rsa-pss" ? 6 : 1;
  const rsaOptions =
    algorithm.keyType === "RSA" ? { padding, saltLength: saltLength ?? algorithm.saltBytes } : {};
  const options = { key: key.privateKey, dsaEncoding: "ieee-p1363", ...rsaOptions } as Parameters<
    typeof sign
  >[2];
  return {
    jwk: key.publicKey.export({ format: "jwk" }) as PublicJwk,
    sign: (octets) => sign(digest, octets, options),
  };
}

function createSigner(algorithm: Algorithm): Signer {
  const { name, family, curve, hash } = algorithm;
  if (family === "hmac") {
    const digest = String(hash).replace("-", "").toLowerCase();
    return { jwk: undefined, sign: (octets) => createHmac(digest, SECRET).update(octets).digest() };
  }
  if (algorithm.keyType === "RSA") return signWith(rsa, algorithm);
  if (family === "ecdsa")
    return signWith(generateKeyPairSync("ec", { namedCurve: String(curve) }), algorithm);
  const type = (curve ?? name).toLowerCase() as "ed25519";
  return signWith(generateKeyPairSync(type), algorithm);
}

const SIGNERS = new Map<AlgorithmName, Signer>();

function signerOf(algorithm: Algorithm): Signer {
  const signer = SIGNERS.get(algorithm.name) ?? createSigner(algorithm);
  SIGNERS.set(algorithm.name, signer);
  return signer;
}

/** Deno verifies ML-DSA in WebCrypto, but makes no such keys in node:crypto. */
function canSign(algorithm: Algorithm): boolean {
  return algorithm.family !== "ml-dsa" || node.supports(algorithm);
}

async function importFor(platform: Platform, algorithm: Algorithm): Promise<NativeKey> {
  const { jwk } = signerOf(algorithm);
  return jwk === undefined ? platform.importSecret(algorithm, SECRET) : platform.importKey(algorithm, jwk);
}

for (const platform of [node, web]) {
  describe(`the ${platform.name} platform`, () => {
    for (const algorithm of Object.values(ALGORITHMS)) {
      test(`verifies ${algorithm.name}, and nothing of what was changed`, async (context) => {
        if (!platform.supports(algorithm) || !canSign(algorithm)) {
          context.skip("this runtime has no such algorithm");
          return;
        }
        const key = await importFor(platform, algorithm);
        const signature = signerOf(algorithm).sign(SIGNED);
        if (algorithm.signatureBytes !== undefined) assert.equal(signature.length, algorithm.signatureBytes);
        assert.equal(await platform.verify(algorithm, key, { signature, signed: SIGNED }), true);

        const other = Buffer.from(SIGNED);
        other[0] = (other[0] ?? 0) ^ 1;
        assert.equal(await platform.verify(algorithm, key, { signature, signed: other }), false);
        for (const at of [0, signature.length >> 1, signature.length - 1]) {
          const changed = Uint8Array.from(signature);
          changed[at] = (changed[at] ?? 0) ^ 1;
          assert.equal(await platform.verify(algorithm, key, { signature: changed, signed: SIGNED }), false);
        }
      });

      test(`answers false and never throws for arbitrary octets as a signature of ${algorithm.name}`, async (context) => {
        if (!platform.supports(algorithm) || !canSign(algorithm)) {
          context.skip("this runtime has no such algorithm");
          return;
        }
        const key = await importFor(platform, algorithm);
        const length = algorithm.signatureBytes ?? 256;
        const octets = fc.uint8Array({ minLength: length, maxLength: length });
        const filled = [0, 1, 127, 128, 255].map((octet) => new Uint8Array(length).fill(octet));
        const shorter = [new Uint8Array(0), new Uint8Array(length - 1), new Uint8Array(length + 1)];
        for (const signature of [...filled, ...shorter, ...fc.sample(octets, 20)]) {
          assert.equal(await platform.verify(algorithm, key, { signature, signed: SIGNED }), false);
        }
      });
    }

    test("takes no PSS signature whose salt has another length than the hash", async () => {
      const algorithm = ALGORITHMS.PS256;
      const key = await importFor(platform, algorithm);
      for (const saltLength of [0, 20, 31, 33, 64]) {
        const signature = signWith(rsa, algorithm, saltLength).sign(SIGNED);
        assert.equal(
          await platform.verify(algorithm, key, { signature, signed: SIGNED }),
          false,
          `${saltLength}`,
        );
      }
    });

    test("keeps PKCS #1 and PSS apart, and the hashes", async () => {
      const names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const;
      for (const signedWith of names) {
        const signature = signerOf(ALGORITHMS[signedWith]).sign(SIGNED);
        for (const name of names) {
          const key = await importFor(platform, ALGORITHMS[name]);
          const verified = await platform.verify(ALGORITHMS[name], key, { signature, signed: SIGNED });
          assert.equal(verified, name === signedWith, `${signedWith} as ${name}`);
        }
      }
    });

    test("decodes base64url and ASCII as Buffer does, into octets of their own", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
          const decoded = platform.decodeBase64url(Buffer.from(octets).toString("base64url"));
          assert.ok(decoded instanceof Uint8Array);
          assert.deepEqual(Uint8Array.from(decoded), octets);
        }),
      );
      const ascii = String.fromCharCode(...Array.from({ length: 128 }, (_, at) => at));
      assert.deepEqual([...platform.encodeAscii(ascii)], [...Buffer.from(ascii)]);
    });

    test("hashes octets and text in UTF-8 (FIPS 180-4 examples; RFC 7638 section 3.1 for the form)", async () => {
      const abc = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
      assert.equal(await platform.sha256("abc"), abc);
      assert.equal(await platform.sha256(Uint8Array.of(0x61, 0x62, 0x63)), abc);
      assert.equal(await platform.sha256("\u00fc"), await platform.sha256(Uint8Array.of(0xc3, 0xbc)));
      assert.equal(await platform.sha256(""), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    });

    test("makes HMAC-SHA-256 (RFC 4231 section 4.2, test case 1; longer secrets as node:crypto)", async () => {
      assert.equal(
        await platform.hmacSha256(new Uint8Array(20).fill(0x0b), "Hi There"),
        Buffer.from("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", "hex").toString(
          "base64url",
        ),
      );
      const long = new Uint8Array(200).fill(7);
      const expected = createHmac("sha256", long).update("text").digest("base64url");
      assert.equal(await platform.hmacSha256(long, "text"), expected);
    });

    test("decodes UTF-8 strictly and keeps the byte order mark", () => {
      const decode = (...octets: readonly number[]) => platform.decodeUtf8(Uint8Array.from(octets));
      assert.equal(decode(), "");
      assert.equal(decode(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x92, 0xa9), "aé€💩");
      assert.equal(decode(0xef, 0xbb, 0xbf, 0x7b), "\ufeff{");
      const illFormed = [
        [0x80],
        [0xff],
        [0xc3],
        [0xc0, 0xaf],
        [0xe0, 0x80, 0xaf],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf0, 0x9f, 0x92],
        [0x61, 0xe2, 0x82],
      ];
      for (const octets of illFormed) assert.equal(decode(...octets), undefined, String(octets));
      fc.assert(
        fc.property(fc.string({ unit: "binary" }), (text) => {
          assert.equal(platform.decodeUtf8(Buffer.from(text)), text);
        }),
      );
    });

    test("says whether it has an algorithm, the same each time, and can do what it says", async () => {
      for (const algorithm of Object.values(ALGORITHMS)) {
        const supported = platform.supports(algorithm);
        assert.equal(platform.supports(algorithm), supported);
        const jwk = findProbeKey(algorithm);
        if (!supported || jwk === undefined) continue;
        await assert.doesNotReject(async () => platform.importKey(algorithm, jwk));
      }
    });

    test("is synchronous exactly where it says so", async () => {
      const algorithm = ALGORITHMS.ES256;
      const { jwk } = signerOf(algorithm);
      assert.ok(jwk !== undefined);
      const key = platform.importKey(algorithm, jwk);
      assert.equal(key instanceof Promise, !platform.synchronous);
      const signature = signerOf(algorithm).sign(SIGNED);
      const verified = platform.verify(algorithm, await key, { signature, signed: SIGNED });
      assert.equal(verified instanceof Promise, !platform.synchronous);
      assert.equal(await verified, true);
    });
  });
}

test("Node from 26 on has every algorithm on both platforms, so that nothing above was skipped", (context) => {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < 26 || "Bun" in globalThis || "Deno" in globalThis) {
    context.skip("this runtime lacks some");
    return;
  }
  for (const algorithm of Object.values(ALGORITHMS)) {
    for (const platform of [node, web]) assert.ok(platform.supports(algorithm), algorithm.name);
  }
});

test("a signature in DER is refused by both platforms", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" }) as PublicJwk;
  const signature = sign("sha256", SIGNED, privateKey);
  for (const platform of [node, web]) {
    const key = await platform.importKey(ALGORITHMS.ES256, jwk);
    assert.equal(await platform.verify(ALGORITHMS.ES256, key, { signature, signed: SIGNED }), false);
  }
});

test("a fault of WebCrypto that is not about the signature is thrown, not taken for a bad signature", async () => {
  const { jwk } = signerOf(ALGORITHMS.ES256);
  assert.ok(jwk !== undefined);
  const wrongKey = await web.importKey(ALGORITHMS.ES256, jwk);
  const { native } = wrongKey as { native: { key: CryptoKey } };
  const confused: NativeKey = { native: { key: native.key, parameters: { name: "Ed25519" } } };
  const signature = new Uint8Array(64);
  await assert.rejects(async () => web.verify(ALGORITHMS.ES256, confused, { signature, signed: SIGNED }));
});

test("the web platform has no files", () => {
  assert.equal(web.fileStore, undefined);
});
