/** Attacks on whatever is remembered between tokens, and on what a refusal tells (13, 14, 59 and 60). */

import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { mock, test } from "node:test";
import { ConfigurationError, type Rejected } from "countersign";
import { answerRejected } from "countersign/http";
import { expectAcceptance, expectRefusal, expectRemembered } from "../kit/expect-verdict.ts";
import { decodeSegment, encodePart, splitToken } from "../kit/raw-token.ts";
import { createScene, issueToken } from "../kit/scene.ts";
import { createSigningKey, sharedKey } from "../kit/signing-key.ts";

/** 100 000 in the long run. */
const TOKENS = Number(process.env["COUNTERSIGN_FUZZ_RUNS"] ?? 0) > 0 ? 100_000 : 10_000;

test("J13 nothing is asked of an introspection endpoint: there is no such option to set", () => {
  const issuer = { introspection: { endpoint: "https://issuer.example/introspect" } };
  assert.throws(() => createScene({ issuer: issuer as never }), ConfigurationError);
});

test(`J14 ${TOKENS} tokens that differ in one claim give each its own claims`, () => {
  const key = sharedKey("HS256");
  const validator = createScene({ keys: [key] });
  for (let index = 0; index < TOKENS; index++) {
    const verdict = validator.validateSync(issueToken({ key, claims: { sub: `user-${index}` } }));
    assert.equal(verdict.ok && verdict.token.claims.sub, `user-${index}`);
    assert.equal(verdict.ok && verdict.principal.subject, `user-${index}`);
  }
});

test("J14 a success is no pass for the next: another payload, signature or validator is judged anew", async () => {
  const validator = createScene();
  const token = issueToken();
  await expectAcceptance(validator, token);
  const { header, payload } = splitToken(token);
  const other = splitToken(issueToken({ claims: { sub: "admin" } }));
  await expectRefusal(
    validator,
    `${header}.${other.payload}.${splitToken(token).signature}`,
    "signature_invalid",
  );
  await expectRefusal(validator, `${header}.${payload}.${other.signature}`, "signature_invalid");
  await expectRefusal(
    createScene({ issuer: { audiences: ["https://b.example"] } }),
    token,
    "audience_mismatch",
  );
  await expectRefusal(
    createScene({ jwks: [createSigningKey("ES256").publicJwk] }),
    token,
    "signature_invalid",
  );
});

test("J14 what a verdict hands out cannot be changed for the next caller", async () => {
  const validator = createScene();
  const token = issueToken({ claims: { act: { sub: "a", list: [{ deep: 1 }] } } });
  const first = await expectAcceptance(validator, token);
  const parts: unknown[] = [first, first.token, first.principal, first.principal.scopes];
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    parts.push(value);
    for (const member of Object.values(value)) collect(member);
  };
  collect(first.token.claims);
  collect(first.token.header);
  for (const part of parts) assert.ok(Object.isFrozen(part));
  assert.throws(() => Object.assign(first.token.header, { kid: "other" }), TypeError);
  assert.deepEqual((await expectRemembered(validator, token)).token, first.token);
});

test("J59 a MAC is compared whole, in constant time, and only at its own length", async () => {
  const key = sharedKey("HS256");
  const validator = createScene({ keys: [key] });
  const { header, payload, signature } = splitToken(issueToken({ key }));
  const mac = Buffer.from(decodeSegment(signature));
  const compare = mock.method(crypto, "timingSafeEqual");
  syncBuiltinESMExports();
  try {
    for (let at = 0; at < mac.length; at++) {
      const wrong = Buffer.from(mac);
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      const verdict = validator.validateSync(`${header}.${payload}.${encodePart(wrong)}`);
      assert.equal(verdict.ok ? "ok" : verdict.reason, "signature_invalid");
    }
    assert.equal(compare.mock.callCount(), mac.length);
    for (const length of [0, 1, 31, 33, 64]) {
      const verdict = validator.validateSync(`${header}.${payload}.${encodePart(Buffer.alloc(length, 1))}`);
      assert.equal(verdict.ok ? "ok" : verdict.reason, "signature_invalid");
    }
    assert.equal(compare.mock.callCount(), mac.length, "a MAC of another length was compared");
  } finally {
    compare.mock.restore();
    syncBuiltinESMExports();
  }
});

test("J60 toward the client a bad signature, an unknown kid and an unsuitable key are the same bytes", async () => {
  const keys = [sharedKey("ES256"), sharedKey("Ed25519")];
  const validator = createScene({ keys });
  const stranger = createSigningKey("ES256", { keyId: "stranger" });
  const tokens = {
    signature_invalid: issueToken({ key: { ...stranger, keyId: "es256" } }),
    key_unknown: issueToken({ key: stranger }),
    key_unsuitable: issueToken({ key: { ...stranger, keyId: "ed25519" } }),
  } as const;
  const answers = new Set<string>();
  for (const [reason, token] of Object.entries(tokens)) {
    const verdict = await expectRefusal(validator, token, reason as keyof typeof tokens);
    answers.add(JSON.stringify(answerRejected(verdict as Rejected)));
  }
  assert.equal(answers.size, 1, [...answers].join("\n"));
});
