import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createTestClock,
  createTestIssuer,
  TEST_TOKEN_NAMES,
  TEST_TOKENS,
  type TestTokenName,
} from "countersign/testing";
import { ALGORITHMS, type AlgorithmName } from "../../src/algorithms.ts";
import { platform } from "../../src/platform/node.ts";
import { MAX_HEADER_BYTES } from "../../src/token/parse-token.ts";
import { createValidator } from "../../src/validator/create-validator.ts";

const PUBLIC_ALGORITHMS = (Object.keys(ALGORITHMS) as AlgorithmName[]).filter(
  (name) => ALGORITHMS[name].family !== "hmac" && platform.supports(ALGORITHMS[name]),
);

const clock = createTestClock(1_800_000_000_000);
const issuer = await createTestIssuer({ clock, algorithms: PUBLIC_ALGORITHMS });
const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
const secretIssuer = await createTestIssuer({ clock, algorithms: ["HS256", "HS384", "HS512"] });
const secretValidator = createValidator({ issuers: [secretIssuer.validatorOptions()], clock });

/** A public key of ML-DSA-65 or -87 in the header breaks the header's own limit, whatever else is wrong. */
function expectedFor(name: TestTokenName, token: string): string {
  const headerBytes = Buffer.from(token.split(".")[0] ?? "", "base64url").length;
  const carriesKey = name === "dpopProof" || name === "dpopProofWithClaims" || name === "embeddedKey";
  return carriesKey && headerBytes > MAX_HEADER_BYTES ? "malformed_token" : TEST_TOKENS[name].expected;
}

describe("createValidator, given the ready-made tokens", () => {
  for (const name of TEST_TOKEN_NAMES) {
    const { expected, description } = TEST_TOKENS[name];
    test(`answers ${expected} to ${description}`, async () => {
      for (const [from, judge] of [
        [issuer, validator],
        [secretIssuer, secretValidator],
      ] as const) {
        for (const algorithm of from.algorithms) {
          const token = await from.tokens[name]({ algorithm });
          const verdict = await judge.validate(token);
          const found = verdict.ok ? "ok" : verdict.reason;
          assert.equal(found, expectedFor(name, token), `${name} with ${algorithm}`);
        }
      }
    });
  }
});
