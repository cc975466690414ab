/** Wycheproof `json_web_key` and `json_web_crypto`: which keys an issuer can have, and what they verify. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type AlgorithmName, ConfigurationError, type Validator } from "countersign";
import { loadVectors, MISSING_VECTORS } from "../kit/load-vectors.ts";
import { makeToken } from "../kit/raw-token.ts";
import { type Jwk, runSignatureStep } from "../kit/signature-step.ts";
import { readSigningKey } from "../kit/signing-key.ts";
import { createVectorValidator } from "../kit/vector-validator.ts";
import { type JoseFile, type JoseGroup, verificationKeys } from "./wycheproof-jose.ts";

const ISSUER = "vectors.example";
const NOW_SECONDS = 1_780_272_000;

/** A validator with the group's keys, or undefined where the public API refuses to be configured with them. */
function configure(group: JoseGroup): Validator | undefined {
  try {
    return createVectorValidator({ issuer: ISSUER, keys: verificationKeys(group), nowSeconds: NOW_SECONDS });
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

/** Claims signed with the group's first private key. */
function signClaims({ private: jwk }: JoseGroup): string {
  const key = (jwk?.keys ?? [jwk])[0] as Jwk;
  const keyId = String(key["kid"]);
  return makeToken({
    header: { alg: key["alg"], kid: keyId },
    payload: { iss: ISSUER, exp: NOW_SECONDS + 60 },
    key: readSigningKey(key, { algorithm: key["alg"] as AlgorithmName, keyId }),
  });
}

test("json_web_key: each of the 26 is judged as labeled", { skip: MISSING_VECTORS }, async () => {
  const { testGroups, numberOfTests } = loadVectors<JoseFile>("wycheproof-json_web_key_test.json");
  const counts: Record<string, number> = {};
  for (const group of testGroups) {
    for (const { tcId, comment, result, jws } of group.tests) {
      const found = await runSignatureStep({ token: String(jws), keys: verificationKeys(group) });
      assert.equal(found === "verified", result === "valid", `tcId ${tcId} ${comment}: ${found}`);
      counts[found] = (counts[found] ?? 0) + 1;
    }
  }
  assert.equal(numberOfTests, 26);
  assert.deepEqual(counts, {
    verified: 5,
    signature_invalid: 1,
    algorithm_not_allowed: 3,
    key_unsuitable: 17,
  });
});

/** Sets that hold one usable key beside the one that the vector is about. */
const MIXED: ReadonlySet<number> = new Set([1]);

test("json_web_key: the public API refuses the keys that want refusal, and verifies claims with the others", {
  skip: MISSING_VECTORS,
}, async () => {
  let refused = 0;
  let accepted = 0;
  for (const group of loadVectors<JoseFile>("wycheproof-json_web_key_test.json").testGroups) {
    const [{ tcId = 0, jws, result } = {}] = group.tests;
    const validator = configure(group);
    if (result === "valid") {
      const verdict = await validator?.validate(signClaims(group));
      assert.equal(verdict?.ok, true, `tcId ${tcId}`);
      accepted++;
    } else if (MIXED.has(tcId)) {
      const verdict = await validator?.validate(String(jws));
      assert.equal(verdict?.ok, false, `tcId ${tcId}`);
      refused++;
    } else {
      assert.equal(validator, undefined, `tcId ${tcId}`);
      refused++;
    }
  }
  assert.deepEqual({ refused, accepted }, { refused: 20, accepted: 5 });
});

/** Why a vector labeled valid is refused: tokens that are encrypted are not accepted. */
const ENCRYPTED_AND_VALID: ReadonlySet<number> = new Set([50, 67]);

test("json_web_crypto: each of the 83 is judged as labeled, but that nothing encrypted is accepted", {
  skip: MISSING_VECTORS,
}, async () => {
  const { testGroups, numberOfTests } = loadVectors<JoseFile>("wycheproof-json_web_crypto_test.json");
  const counts: Record<string, number> = {};
  for (const group of testGroups) {
    for (const { tcId, comment, result, jws, jwe } of group.tests) {
      const text = jws ?? jwe;
      const token = typeof text === "string" ? text : JSON.stringify(text);
      const found = await runSignatureStep({ token, keys: verificationKeys(group) });
      const expected = result === "valid" && !ENCRYPTED_AND_VALID.has(tcId);
      assert.equal(found === "verified", expected, `tcId ${tcId} ${comment}: ${found}`);
      counts[found] = (counts[found] ?? 0) + 1;
    }
  }
  assert.equal(numberOfTests, 83);
  assert.deepEqual(counts, {
    verified: 4,
    signature_invalid: 14,
    malformed_token: 35,
    encryption_unsupported: 23,
    algorithm_not_allowed: 3,
    key_unknown: 3,
    key_unsuitable: 1,
  });
});
