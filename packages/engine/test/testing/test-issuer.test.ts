import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { describe, test } from "node:test";
import type { TestIssuer } from "countersign/testing";
import { createTestClock, createTestIssuer, TEST_TOKEN_NAMES, TEST_TOKENS } from "countersign/testing";

const clock = createTestClock(1_800_000_000_000);
const issuer = await createTestIssuer({ clock, algorithms: ["ES256", "Ed25519"] });

function decode(part: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
}

function readParts(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header, payload] = token.split(".");
  return { header: decode(header), claims: decode(payload) };
}

/** Verifies with what the issuer publishes now, by kid. */
function isSignedByPublished(from: TestIssuer, token: string): boolean {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const jwk = from.jwks().keys.find(({ kid }) => kid === decode(header)["kid"]);
  if (jwk === undefined) return false;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const input = Buffer.from(`${header}.${payload}`);
  const hash = jwk["alg"] === "ES256" ? "sha256" : null;
  return verify(hash, input, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
}

describe("createTestIssuer", () => {
  test("signs access tokens with everything that RFC 9068 asks for", async () => {
    const token = await issuer.sign();
    const { header, claims } = readParts(token);
    const { jti, ...rest } = claims;
    assert.deepEqual(header, { alg: "ES256", kid: issuer.key().keyId, typ: "at+jwt" });
    assert.deepEqual(rest, {
      iss: "https://issuer.test/",
      sub: "user-1",
      aud: "https://api.test",
      iat: 1_800_000_000,
      exp: 1_800_000_300,
      client_id: "client-1",
      scope: "read write",
    });
    assert.ok(typeof jti === "string" && jti !== readParts(await issuer.sign()).claims["jti"]);
    assert.ok(isSignedByPublished(issuer, token));
  });

  test("puts claims and header parameters over the defaults, or takes them away", async () => {
    const token = await issuer.sign(
      { sub: "user-2", scope: undefined },
      { algorithm: "Ed25519", header: { typ: undefined, x: 1 }, omit: ["exp"] },
    );
    const { header, claims } = readParts(token);
    assert.deepEqual(header, { alg: "Ed25519", kid: issuer.key("Ed25519").keyId, x: 1 });
    assert.equal(claims["sub"], "user-2");
    assert.ok(!("scope" in claims) && !("exp" in claims));
    assert.ok(isSignedByPublished(issuer, token));
  });

  test("signs raw texts and octets as they are", async () => {
    const kid = issuer.key().keyId;
    const headerText = `{ "alg":"ES256","kid":"${kid}" }`;
    const token = await issuer.signRaw({ headerText, payloadText: Uint8Array.of(0xff, 0x00) });
    const [header = "", payload = ""] = token.split(".");
    assert.equal(Buffer.from(header, "base64url").toString(), headerText);
    assert.equal(payload, "_wA");
    assert.ok(isSignedByPublished(issuer, token));
  });

  test("rotates: the new key signs, the old one stays published until it is removed", async () => {
    const rotating = await createTestIssuer({ clock, algorithms: ["ES256"] });
    const before = await rotating.sign();
    const oldKid = rotating.key().keyId;
    const newKid = await rotating.rotate("ES256");
    const after = await rotating.sign();
    assert.equal(readParts(after).header["kid"], newKid);
    assert.ok(isSignedByPublished(rotating, before) && isSignedByPublished(rotating, after));
    assert.equal(rotating.removeKey(oldKid), true);
    assert.equal(rotating.removeKey(oldKid), false);
    assert.ok(!isSignedByPublished(rotating, before) && isSignedByPublished(rotating, after));
  });

  test("publishes a key before it signs, where asked", async () => {
    const rotating = await createTestIssuer({ clock, algorithms: ["ES256"] });
    const oldKid = rotating.key().keyId;
    const newKid = await rotating.rotate("ES256", { publishOnly: true });
    assert.deepEqual(
      rotating.jwks().keys.map(({ kid }) => kid),
      [oldKid, newKid],
    );
    assert.equal(readParts(await rotating.sign()).header["kid"], oldKid);
    rotating.activate(newKid);
    assert.equal(readParts(await rotating.sign()).header["kid"], newKid);
    assert.throws(() => rotating.activate("unknown"), RangeError);
  });

  test("drops the old key at once, or puts new material under its kid, where asked", async () => {
    const rotating = await createTestIssuer({ clock, algorithms: ["ES256"] });
    const before = await rotating.sign();
    await rotating.rotate("ES256", { keyId: rotating.key().keyId });
    assert.equal(rotating.jwks().keys.length, 1);
    assert.ok(!isSignedByPublished(rotating, before));
    const kid = await rotating.rotate("ES256", { keepOld: false });
    assert.deepEqual(
      rotating.jwks().keys.map((jwk) => jwk["kid"]),
      [kid],
    );
  });

  test("goes on signing with a key that was removed, for tests of exactly that", async () => {
    const rotating = await createTestIssuer({ clock, algorithms: ["ES256"] });
    rotating.removeKey(rotating.key().keyId);
    assert.deepEqual(rotating.jwks(), { keys: [] });
    assert.ok(!isSignedByPublished(rotating, await rotating.sign()));
  });

  test("refuses HS* beside other algorithms, no algorithm, and one that it does not have", async () => {
    await assert.rejects(createTestIssuer({ algorithms: ["HS256", "ES256"] }), TypeError);
    await assert.rejects(createTestIssuer({ algorithms: [] }), TypeError);
    await assert.rejects(issuer.sign({}, { algorithm: "RS256" }), RangeError);
  });

  test("describes itself to a validator", async () => {
    assert.deepEqual(issuer.validatorOptions(), {
      issuer: "https://issuer.test/",
      audiences: ["https://api.test"],
      algorithms: ["ES256", "Ed25519"],
      keys: { jwks: issuer.jwks() },
    });
    const secret = await createTestIssuer({ algorithms: ["HS256"], issuer: "urn:a", audience: "b" });
    const { keyId, secret: bytes } = secret.key();
    assert.deepEqual(secret.validatorOptions().keys, { secrets: [{ id: keyId, bytes }] });
    assert.deepEqual(secret.jwks(), { keys: [] });
  });
});

describe("TEST_TOKENS", () => {
  test("makes a token of each kind, fresh each time, and describes it", async () => {
    for (const name of TEST_TOKEN_NAMES) {
      const [one, two] = await Promise.all([issuer.tokens[name](), issuer.tokens[name]()]);
      assert.ok(one.length > 100, name);
      assert.notEqual(one, two, name);
      assert.ok(TEST_TOKENS[name].description.length > 10, name);
    }
  });

  test("signs other kinds of tokens with the published key, so that only their kind is wrong", async () => {
    for (const name of TEST_TOKEN_NAMES) {
      if (TEST_TOKENS[name].expected !== "type_mismatch") continue;
      assert.ok(isSignedByPublished(issuer, await issuer.tokens[name]()), name);
    }
  });

  const types = [
    ["idToken", "JWT"],
    ["logoutToken", "logout+jwt"],
    ["logoutTokenLegacyType", "JWT"],
    ["securityEventToken", "secevent+jwt"],
    ["dpopProof", "dpop+jwt"],
    ["introspectionJwt", "token-introspection+jwt"],
    ["clientAssertion", "client-authentication+jwt"],
    ["statusListToken", "statuslist+jwt"],
    ["transactionToken", "txntoken+jwt"],
    ["requestObject", "oauth-authz-req+jwt"],
  ] as const;
  test("gives other kinds of tokens the typ of their specification", async () => {
    for (const [name, typ] of types) assert.equal(readParts(await issuer.tokens[name]()).header["typ"], typ);
  });

  test("gives the DPoP proof the key in its header (RFC 9449 section 4.2)", async () => {
    const { header, claims } = readParts(await issuer.tokens.dpopProof());
    const { kty, crv, x, y } = issuer.key().publicJwk ?? {};
    assert.deepEqual(header, { alg: "ES256", typ: "dpop+jwt", jwk: { kty, crv, x, y, alg: "ES256" } });
    assert.deepEqual(Object.keys(claims).sort(), ["ath", "htm", "htu", "iat", "jti"]);
  });

  test("changes one thing only in a tampered token", async () => {
    const claims = readParts(await issuer.tokens.tamperedPayload()).claims;
    assert.equal(claims["sub"], "admin");
    assert.ok(!isSignedByPublished(issuer, await issuer.tokens.tamperedPayload()));
    assert.ok(!isSignedByPublished(issuer, await issuer.tokens.tamperedSignature()));
    assert.ok(
      isSignedByPublished(issuer, await issuer.tokens.nonCanonicalSignature()),
      "Node's decoder is loose",
    );
  });
});
