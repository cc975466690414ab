import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTestClock, createTestIssuer, TEST_TOKEN_NAMES, TEST_TOKENS } from "countersign/testing";
import type { AlgorithmName } from "../../src/algorithms.ts";
import { createValidator } from "../../src/validator/create-validator.ts";

const ALGORITHM_NAMES: readonly AlgorithmName[] = ["RS256", "PS256", "ES256", "ES384", "ES512", "Ed25519"];

const clock = createTestClock(1_800_000_000_000);
const issuer = await createTestIssuer({ clock, algorithms: ALGORITHM_NAMES });
const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
const secretIssuer = await createTestIssuer({ clock, algorithms: ["HS256", "HS384", "HS512"] });
const secretValidator = createValidator({ issuers: [secretIssuer.validatorOptions()], clock });

describe("createValidator, given the ready-made tokens", () => {
  for (const name of TEST_TOKEN_NAMES) {
    const { expected, description } = TEST_TOKENS[name];
    test(`answers ${expected} to ${description}`, async () => {
      for (const algorithm of issuer.algorithms) {
        const verdict = await validator.validate(await issuer.tokens[name]({ algorithm }));
        assert.equal(verdict.ok ? "ok" : verdict.reason, expected, `${name} with ${algorithm}`);
      }
      for (const algorithm of secretIssuer.algorithms) {
        const verdict = await secretValidator.validate(await secretIssuer.tokens[name]({ algorithm }));
        assert.equal(verdict.ok ? "ok" : verdict.reason, expected, `${name} with ${algorithm}`);
      }
    });
  }
});
