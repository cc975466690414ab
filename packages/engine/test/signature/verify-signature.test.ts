import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, it } from "node:test";
import { platform } from "#platform";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { VerificationKey } from "../../src/keys/key-source.ts";
import type { PublicJwk } from "../../src/platform/platform.ts";
import { Refusal } from "../../src/refusal.ts";
import type { VerifiedToken } from "../../src/signature/verified-token.ts";
import { verifySignature } from "../../src/signature/verify-signature.ts";
import { parseToken, type UnverifiedToken } from "../../src/token/parse-token.ts";

/** A key that counts how often it was used to verify. */
interface CountedKey {
  readonly key: VerificationKey;
  readonly privateKey: KeyObject;
  readonly uses: () => number;
}

function createKey(keyId: string | undefined, options: { readonly later?: boolean } = {}): CountedKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: "jwk" });
  const imported = platform.importKey(ALGORITHMS.ES256, { kty, crv, x, y } as PublicJwk);
  const native = options.later === true ? Promise.resolve(imported) : imported;
  let count = 0;
  const key: VerificationKey = {
    keyId,
    algorithm: ALGORITHMS.ES256,
    signatureBytes: 64,
    material: undefined,
    get native() {
      count += 1;
      return native;
    },
  };
  return { key, privateKey, uses: () => count };
}

function createToken({ privateKey }: CountedKey, claims: Readonly<Record<string, unknown>>): UnverifiedToken {
  const signed = [{ alg: "ES256", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  const token = parseToken(`${signed}.${signature.toString("base64url")}`, { maxBytes: 8192 });
  assert.ok(!(token instanceof Refusal));
  return token;
}

function verify(token: UnverifiedToken, ...keys: readonly CountedKey[]): ReturnType<typeof verifySignature> {
  return verifySignature({ token, keys: keys.map(({ key }) => key), issuer: "main" });
}

async function accept(token: UnverifiedToken, ...keys: readonly CountedKey[]): Promise<VerifiedToken> {
  const verified = await verify(token, ...keys);
  assert.ok(verified !== undefined);
  return verified;
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("a token whose signature verifies", () => {
  const key = createKey("first");

  it("holds what was signed, who issued it, and the key that verified it", async () => {
    const verified = await accept(createToken(key, { iss: "i", exp: 1.5 }), key);
    assert.deepEqual(plain(verified), {
      header: { alg: "ES256", typ: "JWT" },
      claims: { iss: "i", exp: 1.5 },
      issuer: "main",
      algorithm: "ES256",
      keyId: "first",
      expiresAt: 1500,
    });
  });

  it("holds no identifier of a key that has none", async () => {
    const unnamed = createKey(undefined);
    assert.equal((await accept(createToken(unnamed, {}), unnamed)).keyId, undefined);
  });

  it("expires never without exp, and long ago with an exp that is no number", async () => {
    assert.equal((await accept(createToken(key, {}), key)).expiresAt, Number.POSITIVE_INFINITY);
    for (const exp of ["1900000000", null, [1]])
      assert.equal((await accept(createToken(key, { exp }), key)).expiresAt, 0);
  });

  it("is frozen all the way down", async () => {
    const { header, claims, ...rest } = await accept(
      createToken(key, { list: [1, [null], { a: { b: [{}] } }], object: { text: "t", empty: null } }),
      key,
    );
    assert.equal(rest.issuer, "main");
    let seen = 0;
    const check = (value: unknown): void => {
      assert.ok(Object.isFrozen(value));
      if (typeof value !== "object" || value === null) return;
      seen += 1;
      for (const member of Object.values(value)) check(member);
    };
    check(header);
    check(claims);
    assert.equal(seen, 9);
    assert.ok(Object.isFrozen(await accept(createToken(key, {}), key)));
  });
});

describe("verifying with several keys", () => {
  it("takes the first that verifies, and tries none after it", async () => {
    const [wrong, right, spare] = [createKey("wrong"), createKey("right"), createKey("spare")];
    const verified = await accept(createToken(right, {}), wrong, right, spare);
    assert.equal(verified.keyId, "right");
    assert.deepEqual([wrong.uses(), right.uses(), spare.uses()], [1, 1, 0]);
  });

  it("gives no token where none verifies, or none is there", () => {
    const [one, two] = [createKey("one"), createKey("two")];
    const token = createToken(createKey("other"), {});
    assert.equal(verify(token, one, two), undefined);
    assert.deepEqual([one.uses(), two.uses()], [1, 1]);
    assert.equal(verify(token), undefined);
  });

  it("does not call a key whose signatures have another length", () => {
    const key = createKey("k");
    for (const signatureBytes of [63, 65]) {
      const other = {
        ...key,
        key: Object.assign(Object.create(key.key), { signatureBytes }) as VerificationKey,
      };
      assert.equal(verify(createToken(key, {}), other), undefined);
    }
    assert.equal(key.uses(), 0);
  });

  it("passes over keys of another length, wherever they stand", async () => {
    const right = createKey("right");
    const other = createKey("other");
    const longer = { ...other, key: { ...other.key, signatureBytes: 256 } };
    const wrong = createKey("wrong");
    const verified = await accept(createToken(right, {}), longer, wrong, longer, right, longer);
    assert.equal(verified.keyId, "right");
  });

  it("answers at once where the keys are imported", () => {
    const key = createKey("k");
    assert.ok(!(verify(createToken(key, {}), key) instanceof Promise));
  });
});

describe("verifying with keys that are still being imported", () => {
  it("waits, and goes on with the next key where one does not verify", async () => {
    const wrong = createKey("wrong", { later: true });
    const right = createKey("right", { later: true });
    const spare = createKey("spare", { later: true });
    const answer = verify(createToken(right, {}), wrong, right, spare);
    assert.ok(answer instanceof Promise);
    assert.equal((await answer)?.keyId, "right");
    assert.deepEqual([wrong.uses(), right.uses(), spare.uses()], [1, 1, 0]);
  });

  it("gives no token where none verifies", async () => {
    const [one, two] = [createKey("one", { later: true }), createKey("two")];
    assert.equal(await verify(createToken(createKey("other"), {}), one, two), undefined);
    assert.deepEqual([one.uses(), two.uses()], [1, 1]);
  });

  it("rejects where the import does, so that nothing is accepted", async () => {
    const key = createKey("k");
    const native = Promise.reject(new Error("refused by the runtime"));
    const broken: CountedKey = { ...key, key: { ...key.key, native } };
    await assert.rejects(Promise.resolve(verify(createToken(key, {}), broken)), /refused by the runtime/);
  });
});
