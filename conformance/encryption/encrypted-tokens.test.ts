/** Tokens that are signed and then encrypted, through the public API and the real `jose`. */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { before, describe, it } from "node:test";
import {
  ConfigurationError,
  createValidator,
  inspectOptions,
  type TokenDecrypter,
  type Validator,
} from "countersign";
import { type ContentEncryption, createTokenDecrypter, type PrivateJwk } from "countersign/encryption";
import { createDpopClient, createTestIssuer, type TestIssuer } from "countersign/testing";
import * as jose from "jose";

interface KeyPair {
  readonly secret: PrivateJwk;
  readonly open: PrivateJwk;
}

function makeKey(kid: string, alg: string, kind: "rsa" | "P-256" | "P-384" | "X25519"): KeyPair {
  const pair =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : kind === "X25519"
        ? generateKeyPairSync("x25519")
        : generateKeyPairSync("ec", { namedCurve: kind });
  const more = { kid, alg, use: "enc" };
  return {
    secret: { ...pair.privateKey.export({ format: "jwk" }), ...more },
    open: { ...pair.publicKey.export({ format: "jwk" }), ...more },
  };
}

const KEYS = {
  rsa: makeKey("rsa", "RSA-OAEP-256", "rsa"),
  p256: makeKey("p256", "ECDH-ES", "P-256"),
  p384: makeKey("p384", "ECDH-ES+A256KW", "P-384"),
  x25519: makeKey("x25519", "ECDH-ES+A256KW", "X25519"),
};
const CONTENT: readonly ContentEncryption[] = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"];

async function encrypt(
  inner: string,
  { open }: KeyPair,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { kid, alg } = open as { readonly kid: string; readonly alg: string };
  const key = await jose.importJWK(open, alg);
  return new jose.CompactEncrypt(new TextEncoder().encode(inner))
    .setProtectedHeader({ alg, enc: "A256GCM", kid, cty: "JWT", ...header })
    .encrypt(key);
}

describe("an issuer that encrypts", () => {
  let issuer: TestIssuer;
  let other: TestIssuer;
  let validator: Validator;
  let plainToo: Validator;

  before(async () => {
    issuer = await createTestIssuer();
    other = await createTestIssuer({ issuer: "https://other.example/" });
    const keys = Object.values(KEYS).map(({ secret }) => secret);
    const decrypter = createTokenDecrypter({ jose, keys });
    const encrypting = { ...issuer.validatorOptions(), encryption: { decrypter } };
    validator = createValidator({ issuers: [encrypting, other.validatorOptions()] });
    plainToo = createValidator({
      issuers: [{ ...issuer.validatorOptions(), encryption: { decrypter, plain: "accepted" } }],
    });
  });

  const judge = async (token: string, by: Validator = validator): Promise<string> => {
    const verdict = await by.validate(token);
    return verdict.ok ? "ok" : verdict.reason;
  };

  for (const [name, key] of Object.entries(KEYS)) {
    for (const enc of CONTENT) {
      it(`opens what is encrypted to ${name} with ${enc}, and judges what is inside`, async () => {
        assert.equal(await judge(await encrypt(await issuer.sign({ sub: "a" }), key, { enc })), "ok");
        const expired = await issuer.sign({ sub: "a", iat: 1, exp: 2 });
        assert.equal(await judge(await encrypt(expired, key, { enc })), "token_expired");
      });
    }
  }

  it("refuses whatever keeps a token closed in one way", async () => {
    const signed = await issuer.sign({ sub: "a" });
    const good = await encrypt(signed, KEYS.p256);
    const [header = "", key = "", iv = "", text = "", tag = ""] = good.split(".");
    const flip = (segment: string): string => (segment.startsWith("A") ? "B" : "A") + segment.slice(1);
    const stranger = makeKey("p256", "ECDH-ES", "P-256");
    const closed = {
      tag: [header, key, iv, text, flip(tag)].join("."),
      text: [header, key, iv, flip(text), tag].join("."),
      iv: [header, key, flip(iv), text, tag].join("."),
      "a key where none belongs": [header, "AAAA", iv, text, tag].join("."),
      "another key of the same kid": await encrypt(signed, stranger),
      "an unknown kid": await encrypt(signed, makeKey("nobody", "ECDH-ES", "P-256")),
      "no kid": await encrypt(signed, KEYS.p256, { kid: undefined }),
      "another algorithm of the same key": await encrypt(
        signed,
        { ...KEYS.p256, open: { ...KEYS.p256.open, alg: "ECDH-ES+A256KW" } },
        {},
      ),
      "another content encryption": await encrypt(signed, KEYS.p256, { enc: "A192GCM" }),
      "claims without a signature": await encrypt(
        JSON.stringify({ iss: issuer.issuer, sub: "a" }),
        KEYS.p256,
      ),
      "a token of the other issuer": await encrypt(await other.sign({ sub: "a" }), KEYS.p256),
      "another iss outside": await encrypt(signed, KEYS.p256, { iss: "https://other.example/" }),
      "a point that is on no curve": await tamperPoint(good),
      "a low point of X25519": await lowPoint(await encrypt(signed, KEYS.x25519)),
    };
    for (const [what, token] of Object.entries(closed)) {
      const verdict = await validator.validate(token);
      assert.ok(!verdict.ok, what);
      // What is inside was no signed token, so the form is what is wrong.
      const expected = what === "claims without a signature" ? "malformed_token" : "encryption_unsupported";
      assert.equal(verdict.reason, expected, what);
    }
    assert.equal(await judge(good), "ok");
  });

  it("inflates nothing, understands no extension, and opens one layer", async () => {
    const signed = await issuer.sign({ sub: "a" });
    const [, ...rest] = (await encrypt(signed, KEYS.p256)).split(".");
    for (const more of [{ zip: "DEF" }, { crit: ["exp"], exp: 1 }]) {
      const { kid, alg } = KEYS.p256.open;
      const header = { alg, enc: "A256GCM", kid, ...more };
      const token = [Buffer.from(JSON.stringify(header)).toString("base64url"), ...rest].join(".");
      assert.equal(await judge(token), "encryption_unsupported");
    }
    const twice = await encrypt(await encrypt(signed, KEYS.p256), KEYS.rsa);
    assert.equal(await judge(twice), "encryption_unsupported");
  });

  it("refuses its tokens unencrypted, unless that is written, also when they are remembered", async () => {
    const signed = await issuer.sign({ sub: "a" });
    const token = await encrypt(signed, KEYS.p384);
    for (let turn = 0; turn < 4; turn++) {
      assert.equal(await judge(token), "ok");
      assert.equal(await judge(signed), "malformed_token");
      assert.equal(await judge(token, plainToo), "ok");
      assert.equal(await judge(signed, plainToo), "ok");
    }
  });

  it("judges a token that came before anew: its time, and its layer", async () => {
    let nowMs = Date.now();
    const decrypter = createTokenDecrypter({ jose, keys: [KEYS.x25519.secret] });
    let openings = 0;
    const counting: TokenDecrypter = {
      holdsKeyOf: (token) => decrypter.holdsKeyOf(token),
      open(token) {
        openings += 1;
        return decrypter.open(token);
      },
    };
    const patient = createValidator({
      issuers: [{ ...issuer.validatorOptions(), encryption: { decrypter: counting } }],
      clock: () => nowMs,
    });
    const token = await encrypt(await issuer.sign({ sub: "a" }), KEYS.x25519);
    for (let turn = 0; turn < 6; turn++) assert.equal(await judge(token, patient), "ok");
    assert.equal(openings, 2, "remembered once it came twice");
    nowMs += 86_400_000;
    assert.equal(await judge(token, patient), "token_expired");
  });

  it("takes a DPoP proof for the token as it was presented", async () => {
    const client = await createDpopClient();
    const token = await encrypt(await issuer.sign({ sub: "a", cnf: { jkt: client.jkt } }), KEYS.p256);
    const request = { method: "GET", url: "https://api.example.com/a" };
    const proof = await client.prove({ ...request, token });
    const presentation = { scheme: "DPoP" as const, proofs: [proof], ...request };
    const verdict = await validator.validate(token, { presentation });
    assert.ok(verdict.ok, JSON.stringify(verdict));
  });

  it("explains each step, also of what stays closed or came plain", async () => {
    const signed = await issuer.sign({ sub: "a" });
    const explained = await validator.explain(await encrypt(signed, KEYS.rsa));
    assert.ok(explained.verdict.ok && explained.signatureVerified);
    assert.equal(explained.steps.find(({ name }) => name === "encryption")?.outcome, "passed");
    const plain = await validator.explain(signed);
    const step = plain.steps.find(({ name }) => name === "encryption");
    assert.deepEqual([step?.outcome, step?.reason], ["failed", "malformed_token"]);
    const closed = await validator.explain(await encrypt(signed, makeKey("x", "ECDH-ES", "P-256")));
    assert.equal(closed.steps[0]?.reason, "encryption_unsupported");
  });

  it("is not blamed on the token where a key cannot be used", async () => {
    const broken = createTokenDecrypter({ jose, keys: [{ ...KEYS.p256.secret, d: "AAAA" }] });
    const faulty = createValidator({
      issuers: [{ ...issuer.validatorOptions(), encryption: { decrypter: broken } }],
    });
    assert.equal(
      await judge(await encrypt(await issuer.sign({ sub: "a" }), KEYS.p256), faulty),
      "internal_error",
    );
  });

  it("cannot be waited for by validateSync, which says so, and knows what was opened before", async () => {
    const token = await encrypt(await issuer.sign({ sub: "a" }), KEYS.p256);
    const verdict = validator.validateSync(token);
    assert.ok(!verdict.ok);
    assert.deepEqual([verdict.reason, verdict.fault], ["keys_unavailable", "system"]);
    for (let turn = 0; turn < 3; turn++) assert.equal(await judge(token), "ok");
    assert.ok(validator.validateSync(token).ok);
  });

  it("counts an opening that takes the last place as the fault of nobody who asks", async () => {
    const decrypter = createTokenDecrypter({ jose, keys: [KEYS.rsa.secret], maxConcurrent: 1 });
    const narrow = createValidator({
      issuers: [{ ...issuer.validatorOptions(), encryption: { decrypter } }],
    });
    const token = await encrypt(await issuer.sign({ sub: "a" }), KEYS.rsa);
    const verdicts = await Promise.all([narrow.validate(token), narrow.validate(token)]);
    const [first, second] = verdicts;
    assert.ok(first?.ok);
    assert.ok(second !== undefined && !second.ok);
    assert.deepEqual([second.reason, second.fault], ["overloaded", "system"]);
    assert.equal(await judge(token, narrow), "ok");
  });
});

it("an issuer whose tokens are only signed has none that are encrypted", async () => {
  const issuer = await createTestIssuer();
  const validator = createValidator({ issuers: [issuer.validatorOptions()] });
  const verdict = await validator.validate(await encrypt(await issuer.sign({ sub: "a" }), KEYS.p256));
  assert.ok(!verdict.ok && verdict.reason === "encryption_unsupported");
});

describe("a decrypter's configuration", () => {
  const problemsOf = async (keys: readonly unknown[], more: object = {}): Promise<readonly string[]> => {
    try {
      await createTokenDecrypter({ jose, keys: keys as PrivateJwk[], ...more }).ready();
    } catch (error) {
      assert.ok(error instanceof ConfigurationError);
      return error.problems.map(({ path, problem }) => `${path}: ${problem}`);
    }
    return [];
  };
  const { secret: rsa } = KEYS.rsa;
  const { secret: p256 } = KEYS.p256;

  it("is refused with every problem at once, and shows nothing of a key", async () => {
    const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ format: "jwk" });
    const problems = await problemsOf([
      KEYS.p256.open,
      { ...p256, alg: undefined },
      { ...p256, use: "sig" },
      { ...p256, key_ops: ["sign"] },
      { ...p256, crv: "P-521" },
      { ...rsa, alg: "RSA1_5" },
      { ...rsa, kid: undefined },
      { ...small, kid: "small", alg: "RSA-OAEP-256" },
      { kty: "oct", k: "AAAA", alg: "dir", kid: "o" },
      "text",
    ]);
    assert.equal(problems.length, 10, problems.join("\n"));
    assert.ok(!problems.join().includes(String(p256["d"])));
  });

  it("is refused for two keys of one kid, none or too many, and a key that is not whole", async () => {
    assert.match(String(await problemsOf([p256, { ...rsa, kid: "p256" }])), /same kid/);
    assert.match(String(await problemsOf([])), /1 to 16/);
    assert.match(String(await problemsOf(Array(17).fill(p256))), /1 to 16/);
    assert.match(String(await problemsOf([{ ...p256, d: "AAAA" }])), /refused by this runtime/);
    assert.match(String(await problemsOf([p256], { contentEncryptions: ["A192GCM"] })), /expected some of/);
    assert.match(String(await problemsOf([p256], { maxConcurrent: 0 })), /1 to 1024/);
  });

  it("is an option of its issuer, and accepting plain tokens an opt-out that is told", async () => {
    const issuer = await createTestIssuer();
    const decrypter = createTokenDecrypter({ jose, keys: [p256] });
    const inspect = (encryption: unknown) =>
      inspectOptions({ issuers: [{ ...issuer.validatorOptions(), encryption }] });
    assert.deepEqual(inspect({ decrypter }), { problems: [], optOuts: [] });
    const [optOut] = inspect({ decrypter, plain: "accepted" }).optOuts;
    assert.deepEqual([optOut?.path, optOut?.value], ["issuers[0].encryption.plain", "accepted"]);
    for (const wrong of [{}, { decrypter: {} }, { decrypter, plain: "maybe" }, { decrypter, more: 1 }, "x"]) {
      assert.equal(inspect(wrong).problems.length, 1, JSON.stringify(wrong));
    }
  });
});

/** With an ephemeral key whose point is not on P-256. */
async function tamperPoint(token: string): Promise<string> {
  return changeHeader(token, (epk) => ({ ...epk, y: epk["x"] }));
}

/** With an ephemeral key of order one, for which the agreed secret is all zero (RFC 7748 section 6.1). */
async function lowPoint(token: string): Promise<string> {
  return changeHeader(token, (epk) => ({ ...epk, x: Buffer.alloc(32).toString("base64url") }));
}

function changeHeader(
  token: string,
  change: (epk: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): string {
  const [first = "", ...rest] = token.split(".");
  const header = JSON.parse(Buffer.from(first, "base64url").toString()) as { epk: Record<string, unknown> };
  const changed = { ...header, epk: change(header.epk) };
  return [Buffer.from(JSON.stringify(changed)).toString("base64url"), ...rest].join(".");
}
