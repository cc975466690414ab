/** Answers that are kept ready are those that would be written anew, whatever was asked before. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReasonName } from "countersign";
import fc from "fast-check";

import { parseConfiguration } from "../../../src/config/parse-configuration.ts";
import { createRefusal } from "../../../src/decision/create-refusal.ts";
import type { AllowedDecision, Decision, RefusedDecision } from "../../../src/decision/decision.ts";
import { createDialectSettings } from "../../../src/dialects/create-dialects.ts";
import { createEnvoyGrpcDialect } from "../../../src/dialects/envoy-grpc/envoy-grpc.ts";

const configuration = parseConfiguration(
  `
realm: api
issuers:
  - { issuer: "https://idp.test/", audiences: [a], keys: { discovery: true } }
routes:
  - { path: /**, allow: anonymous }
`,
  { env: {}, baseDir: "/" },
);
const settings = createDialectSettings(configuration);
const [route] = configuration.routes;
assert.ok(route !== undefined);
const timing = { startedAt: 0, durationMs: 0, validationMs: undefined };

/** Those whose answers say the most, and few, so that they meet. */
const REASON_NAMES: readonly ReasonName[] = [
  "step_up_required",
  "missing_token",
  "policy_denied",
  "overloaded",
];

const words = fc.array(fc.constantFrom("a", "b", "a b"), { maxLength: 2 });
const refusals: fc.Arbitrary<RefusedDecision> = fc
  .record({
    reason: fc.constantFrom(...REASON_NAMES),
    retryAfterSeconds: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 2 }),
    dpopNonce: fc.option(fc.constantFrom("n1", "n2"), { nil: undefined, freq: 2 }),
    scopes: words,
    challenge: fc.option(
      fc.record(
        {
          acrValues: words,
          maxAgeSeconds: fc.nat({ max: 1 }),
          resourceMetadata: fc.constantFrom("https://api.test/a", "https://api.test/b"),
          scheme: fc.constantFrom("Bearer" as const, "DPoP" as const),
          dpopAlgorithms: fc.constant(["ES256"]),
          dpopRequired: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
      { nil: undefined, freq: 2 },
    ),
  })
  .map(({ reason, retryAfterSeconds, dpopNonce, scopes, challenge }) => ({
    allow: false,
    rejected: {
      ...createRefusal(reason, retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(dpopNonce === undefined ? {} : { dpopNonce }),
    },
    scopes,
    ...(challenge === undefined ? {} : { challenge }),
    remove: [],
    timing,
  }));

const IDENTITY = ["subject", "issuer", "client", "scopes", "roles"].map(
  (name) => [`x-auth-${name}`, ""] as const,
);
const allowances: fc.Arbitrary<AllowedDecision> = fc
  .array(fc.constantFrom("x-auth-subject", "X_Auth_Tenant", "x-forwarded-for", "x-real-ip"), { maxLength: 3 })
  .map((remove) => ({ allow: true, route, identity: IDENTITY, remove, timing }));

describe("answers to Envoy", () => {
  it("follow from their own decision alone", () => {
    const decisions = fc.array(fc.oneof<fc.Arbitrary<Decision>[]>(refusals, allowances), {
      minLength: 40,
      maxLength: 80,
    });
    fc.assert(
      fc.property(decisions, (list) => {
        const dialect = createEnvoyGrpcDialect(settings);
        for (const decision of [...list, ...list]) {
          const { status, message } = dialect.answer(decision);
          const anew = createEnvoyGrpcDialect(settings).answer(decision);
          assert.equal(status, anew.status);
          assert.equal(Buffer.from(message).toString("latin1"), Buffer.from(anew.message).toString("latin1"));
        }
      }),
      { numRuns: 100 },
    );
  });
});
