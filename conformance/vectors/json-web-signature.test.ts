/** Wycheproof `json_web_signature`, all 401: their payloads are no claims sets, so the signature step is asked. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ALGORITHMS, type AlgorithmName } from "countersign";
import { loadVectors, MISSING_VECTORS } from "../kit/load-vectors.ts";
import { makeToken } from "../kit/raw-token.ts";
import { runSignatureStep } from "../kit/signature-step.ts";
import { readSigningKey } from "../kit/signing-key.ts";
import { createVectorValidator } from "../kit/vector-validator.ts";
import { type JoseFile, type JoseGroup, SIGNATURE_EXCEPTIONS, verificationKeys } from "./wycheproof-jose.ts";

const ISSUER = "vectors.example";
const NOW_SECONDS = 1_780_272_000;

function load(): JoseFile {
  return loadVectors<JoseFile>("wycheproof-json_web_signature_test.json");
}

test("json_web_signature: each of the 401 is judged as labeled, or as an exception says", {
  skip: MISSING_VECTORS,
}, async () => {
  const { testGroups, numberOfTests } = load();
  const counts: Record<string, number> = {};
  const exceptions = new Set(Object.keys(SIGNATURE_EXCEPTIONS).map(Number));
  for (const group of testGroups) {
    const keys = verificationKeys(group);
    for (const { tcId, comment, result, jws } of group.tests) {
      assert.equal(typeof jws, "string");
      const found = await runSignatureStep({ token: String(jws), keys });
      const exception = SIGNATURE_EXCEPTIONS[tcId];
      const name = `tcId ${tcId} ${comment}: ${found}`;
      if (exception === undefined) assert.equal(found === "verified", result === "valid", name);
      else assert.equal(found, exception.expected, `${name}, but ${exception.reason}`);
      exceptions.delete(tcId);
      counts[found] = (counts[found] ?? 0) + 1;
    }
  }
  assert.equal(exceptions.size, 0);
  assert.equal(numberOfTests, 401);
  assert.deepEqual(counts, {
    verified: 42,
    signature_invalid: 299,
    malformed_token: 38,
    algorithm_not_allowed: 6,
    key_unknown: 3,
    key_unsuitable: 13,
  });
});

test("json_web_signature: the public API accepts none of them, since none is a JWT, and throws for none", {
  skip: MISSING_VECTORS,
}, async () => {
  let refused = 0;
  for (const group of load().testGroups) {
    for (const validator of createValidators(group)) {
      for (const { tcId, jws } of group.tests) {
        const verdict = await validator.validate(String(jws));
        assert.equal(verdict.ok, false, `tcId ${tcId}`);
        refused++;
      }
    }
  }
  assert.equal(refused, 395);
});

/** The keys through the public API; none for keys that it refuses to be configured with. */
function createValidators(group: JoseGroup): ReturnType<typeof createVectorValidator>[] {
  const unusable = group.tests.every(({ tcId }) => UNUSABLE_KEYS.has(tcId));
  const create = (): ReturnType<typeof createVectorValidator> =>
    createVectorValidator({ issuer: ISSUER, keys: verificationKeys(group), nowSeconds: NOW_SECONDS });
  if (!unusable) return [create()];
  assert.throws(create, { name: "ConfigurationError" });
  return [];
}

/** For encryption, or with an alg that is no registered name: alone they are an error of the configuration. */
const UNUSABLE_KEYS: ReadonlySet<number> = new Set([347, 351, 353, 354, 355, 356]);

test("json_web_signature: claims signed with a group's private key pass the public API", {
  skip: MISSING_VECTORS,
}, async () => {
  let accepted = 0;
  for (const group of load().testGroups) {
    const [validator] = createValidators(group);
    const jwk = group.private;
    if (validator === undefined || jwk === undefined) continue;
    const { alg, kid } = jwk;
    const algorithm = String(alg) as AlgorithmName;
    assert.ok(ALGORITHMS[algorithm] !== undefined);
    const token = makeToken({
      header: { alg, kid },
      payload: { iss: ISSUER, exp: NOW_SECONDS + 60 },
      key: readSigningKey(jwk, { algorithm, keyId: String(kid) }),
    });
    const verdict = await validator.validate(token);
    assert.equal(verdict.ok ? "ok" : verdict.reason, "ok", group.comment);
    accepted++;
  }
  assert.equal(accepted, 17);
});
