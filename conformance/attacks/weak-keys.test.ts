/** Keys that must not verify anything: of another curve, weak, or of small order (18, 20 and 21). */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { ConfigurationError } from "countersign";
import { testAttacks } from "../kit/attack-table.ts";
import { EDWARDS_SMALL_ORDER_POINTS } from "../kit/edwards-points.ts";
import { encodeMessage } from "../kit/encoded-message.ts";
import { expectAcceptance, expectRefusal } from "../kit/expect-verdict.ts";
import { decodeSegment, encodePart, splitToken } from "../kit/raw-token.ts";
import { createScene, issueToken } from "../kit/scene.ts";
import { createSigningKey, type SigningKey, sharedKey } from "../kit/signing-key.ts";

function signedText(token: string): string {
  return token.slice(0, token.lastIndexOf("."));
}

/** The header and payload of an honest token with these octets as its signature. */
function withSignature(key: SigningKey, signature: Uint8Array): string {
  const { header, payload } = splitToken(issueToken({ key }));
  return `${header}.${payload}.${encodePart(signature)}`;
}

testAttacks(
  "J18 a curve that is not the algorithm's",
  [
    {
      name: "ES256 by a P-384 key",
      token: () => issueToken({ key: sharedKey("ES384"), header: { alg: "ES256" } }),
      reason: "key_unsuitable",
    },
    {
      name: "ES384 by a P-256 key",
      token: () => issueToken({ key: sharedKey("ES256"), header: { alg: "ES384" } }),
      reason: "key_unsuitable",
    },
    {
      name: "ES512 by a P-384 key",
      token: () => issueToken({ key: sharedKey("ES384"), header: { alg: "ES512" } }),
      reason: "key_unsuitable",
    },
    {
      name: "Ed25519 by an Ed448 key",
      token: () => issueToken({ key: sharedKey("Ed448"), header: { alg: "Ed25519" } }),
      reason: "key_unsuitable",
    },
    {
      name: "Ed448 by an Ed25519 key",
      token: () => issueToken({ key: sharedKey("Ed25519"), header: { alg: "Ed448" } }),
      reason: "key_unsuitable",
    },
    {
      name: "EdDSA by an Ed448 key",
      token: () => issueToken({ key: sharedKey("Ed448"), header: { alg: "EdDSA" } }),
      reason: "key_unsuitable",
    },
    {
      name: "ES256 by an Ed25519 key",
      token: () => issueToken({ key: sharedKey("Ed25519"), header: { alg: "ES256" } }),
      reason: "key_unsuitable",
    },
  ],
  () =>
    createScene({
      keys: (["ES256", "ES384", "Ed25519", "Ed448"] as const).map((name) => sharedKey(name)),
      algorithms: ["ES256", "ES384", "ES512", "Ed25519", "Ed448", "EdDSA"],
    }),
);

testAttacks("J18 a JWK whose alg and curve disagree, and a curve that is not supported", [
  {
    name: "alg ES256 on P-384",
    token: () => issueToken({ key: { ...sharedKey("ES384"), algorithm: "ES256" } }),
    reason: "key_unsuitable",
    validator: () =>
      createScene({
        jwks: [{ ...sharedKey("ES384").publicJwk, alg: "ES256" }, sharedKey("ES256").publicJwk],
      }),
  },
  {
    name: "secp256k1",
    token: () => issueToken({ header: { kid: "koblitz" } }),
    reason: "key_unsuitable",
    validator: () => createScene({ jwks: [createKoblitzJwk(), sharedKey("ES256").publicJwk] }),
  },
]);

function createKoblitzJwk(): object {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
  return { ...publicKey.export({ format: "jwk" }), kid: "koblitz", alg: "ES256" };
}

test("J20 a weak RSA key is refused at import: alone it is an error, beside a good key it never verifies", async (context) => {
  const good = createSigningKey("RS256", { keyId: "good" });
  const { n = "" } = good.publicJwk;
  const weak: Readonly<Record<string, object>> = {
    "e = 1": { e: "AQ" },
    "e = 2": { e: "Ag" },
    "e = 3": { e: "Aw" },
    "e = 17": { e: "EQ" },
    "e = 65536": { e: "AQAA" },
    "e = 0": { e: "AA" },
    "e with a leading zero": { e: "AAEAAQ" },
    "e past 2^256": {
      e: Buffer.concat([Buffer.of(1), Buffer.alloc(32), Buffer.of(1)]).toString("base64url"),
    },
    "n with a leading zero": { n: Buffer.concat([Buffer.of(0), decodeSegment(n)]).toString("base64url") },
    "n with padding": { n: `${n}==` },
    "n in the other base64 alphabet": { n: n.replaceAll("-", "+").replaceAll("_", "/").replace(/^./, "+") },
    "an even n": { n: Buffer.concat([decodeSegment(n).subarray(0, -1), Buffer.of(2)]).toString("base64url") },
    "1024 bits": { n: createSigningKey("RS256", { modulusBits: 1024 }).publicJwk["n"] },
    "512 bits": { n: createSigningKey("RS256", { modulusBits: 512 }).publicJwk["n"] },
    "8200 bits": { n: Buffer.alloc(1025, 0xff).toString("base64url") },
  };
  for (const [name, change] of Object.entries(weak)) {
    await context.test(name, async () => {
      const jwk = { ...good.publicJwk, ...change, kid: "weak" };
      assert.throws(() => createScene({ jwks: [jwk], algorithms: ["RS256"] }), ConfigurationError);
      const validator = createScene({ jwks: [jwk, good.publicJwk], algorithms: ["RS256"] });
      const text = signedText(issueToken({ key: { ...good, keyId: "weak" } }));
      const forged = `${text}.${encodePart(encodeMessage(text, 256))}`;
      await expectRefusal(validator, forged, "key_unsuitable");
      await expectAcceptance(validator, issueToken({ key: good }));
    });
  }
});

test("J21 points of small order and second spellings of points are refused as Ed25519 keys", async (context) => {
  const good = sharedKey("Ed25519");
  for (const hex of EDWARDS_SMALL_ORDER_POINTS) {
    await context.test(hex, async () => {
      const x = Buffer.from(hex, "hex").toString("base64url");
      const jwk = { kty: "OKP", crv: "Ed25519", x, kid: "weak", alg: "Ed25519" };
      assert.throws(() => createScene({ jwks: [jwk], algorithms: ["Ed25519"] }), ConfigurationError);
      const validator = createScene({ jwks: [jwk, good.publicJwk], algorithms: ["Ed25519"] });
      // R = identity, S = 0 verifies every message under such a key.
      const forged = withSignature(
        { ...good, keyId: "weak" },
        Buffer.concat([Buffer.of(1), Buffer.alloc(63)]),
      );
      await expectRefusal(validator, forged, "key_unsuitable");
    });
  }
});
