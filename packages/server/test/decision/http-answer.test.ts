import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { REASONS, type ReasonName } from "countersign";
import { answerRejected } from "countersign/http";
import fc from "fast-check";

import { createRefusal } from "../../src/decision/create-refusal.ts";
import type { RefusalChallenge } from "../../src/decision/decision.ts";
import { answerRefusal } from "../../src/decision/http-answer.ts";

const reason = fc.constantFrom(...(Object.keys(REASONS) as ReasonName[]));
const retryAfterSeconds = fc.constantFrom(undefined, 1, 30);
const realm = fc.constantFrom(undefined, "", "api", "other");
const scopes = fc.uniqueArray(fc.constantFrom("read", "write", "read write"), { maxLength: 3 });
const challenge: fc.Arbitrary<RefusalChallenge | undefined> = fc.option(
  fc.record(
    {
      acrValues: fc.uniqueArray(fc.constantFrom("a", "b", "a b", "a,b"), { minLength: 1 }),
      maxAgeSeconds: fc.constantFrom(0, 60),
      resourceMetadata: fc.constantFrom("https://a.test/x", "https://b.test/x"),
      scheme: fc.constantFrom("Bearer", "DPoP"),
      dpopAlgorithms: fc.constantFrom(["ES256"], ["ES256", "EdDSA"], ["ES256,EdDSA"]),
      dpopRequired: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);
const dpopNonce = fc.constantFrom(undefined, "n1", "n2");

describe("the answer of a refusal", () => {
  it("is the engine's own for whatever it is made of, however many were given before", () => {
    fc.assert(
      fc.property(fc.record({ reason, retryAfterSeconds, realm, scopes, challenge, dpopNonce }), (parts) => {
        const rejected = {
          ...createRefusal(parts.reason, {
            found: "a",
            ...(parts.retryAfterSeconds && { retryAfterSeconds: parts.retryAfterSeconds }),
          }),
          ...(parts.dpopNonce && { dpopNonce: parts.dpopNonce }),
        };
        const refusal = {
          rejected,
          scopes: parts.scopes,
          ...(parts.challenge && { challenge: parts.challenge }),
        };
        assert.deepEqual(
          answerRefusal(refusal, parts.realm),
          answerRejected(rejected, {
            ...(parts.realm !== undefined && { realm: parts.realm }),
            ...(parts.scopes.length > 0 && { scope: parts.scopes }),
            ...parts.challenge,
          }),
        );
      }),
      { numRuns: 5000 },
    );
  });
});
