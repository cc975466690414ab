import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ChallengeOptions } from "countersign/http";
import { checkChallengeOptions, createChallenge } from "countersign/http";
import fc from "fast-check";
import { REASONS } from "../../src/reasons.ts";
import { REASON_NAMES, rejectedOf } from "./rejected-of.ts";

const METADATA = "https://api.example.com/.well-known/oauth-protected-resource";

describe("createChallenge", () => {
  test("tells no error where no credentials came (RFC 6750 section 3.1)", () => {
    assert.equal(createChallenge(rejectedOf("missing_token")), "Bearer");
    assert.equal(
      createChallenge(rejectedOf("missing_token"), {
        realm: "api",
        resourceMetadata: METADATA,
        scope: ["a", "b"],
      }),
      `Bearer realm="api", scope="a b", resource_metadata="${METADATA}"`,
    );
  });

  test("says what is wrong with an expired token", () => {
    assert.equal(
      createChallenge(rejectedOf("token_expired"), { realm: "api" }),
      'Bearer realm="api", error="invalid_token", error_description="The access token expired"',
    );
  });

  test("names the scopes that are lacking", () => {
    assert.equal(
      createChallenge(rejectedOf("scope_insufficient"), { scope: "orders:read orders:write" }),
      'Bearer error="insufficient_scope", error_description="The access token does not permit this request", scope="orders:read orders:write"',
    );
  });

  test("names no scopes where a policy denies, for they would not help", () => {
    assert.ok(!createChallenge(rejectedOf("policy_denied"), { scope: "a" })?.includes("scope="));
  });

  test("asks for step-up with acr_values and max_age (RFC 9470 section 3), and only then", () => {
    const options = { acrValues: ["urn:mfa", "urn:hw"], maxAgeSeconds: 0 };
    assert.equal(
      createChallenge(rejectedOf("step_up_required"), options),
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="urn:mfa urn:hw", max_age="0"',
    );
    assert.ok(!createChallenge(rejectedOf("token_expired"), options)?.includes("acr_values"));
  });

  test("speaks of proofs in a DPoP challenge (RFC 9449 section 9)", () => {
    assert.equal(
      createChallenge(rejectedOf("dpop_nonce_required")),
      'DPoP error="use_dpop_nonce", error_description="A DPoP nonce is required"',
    );
    assert.equal(
      createChallenge(rejectedOf("dpop_proof_invalid"), {
        dpopRequired: true,
        dpopAlgorithms: ["ES256", "Ed25519"],
      }),
      'DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", algs="ES256 Ed25519"',
    );
  });

  test("offers both schemes, with the error on the one that was used (RFC 9449 section 7.1)", () => {
    const dpopAlgorithms = ["ES256"];
    assert.equal(
      createChallenge(rejectedOf("missing_token"), { dpopAlgorithms }),
      'Bearer, DPoP algs="ES256"',
    );
    assert.equal(
      createChallenge(rejectedOf("binding_mismatch"), { dpopAlgorithms, scheme: "DPoP" }),
      'Bearer, DPoP error="invalid_token", error_description="The access token is invalid", algs="ES256"',
    );
    assert.equal(
      createChallenge(rejectedOf("token_expired"), { dpopAlgorithms }),
      'Bearer error="invalid_token", error_description="The access token expired", DPoP algs="ES256"',
    );
  });

  test("tells invalid_request on every scheme, since none was used rightly", () => {
    const challenge = createChallenge(rejectedOf("malformed_request"), { dpopAlgorithms: ["ES256"] }) ?? "";
    assert.equal(challenge.match(/error="invalid_request"/g)?.length, 2);
  });

  test("is the same for key and signature failures", () => {
    const options = { realm: "api", scope: "a" };
    const texts = (["key_unknown", "key_unsuitable", "signature_invalid"] as const).map((reason) =>
      createChallenge(rejectedOf(reason), options),
    );
    assert.equal(new Set(texts).size, 1);
  });

  test("exists for every client fault and for no system fault", () => {
    for (const reason of REASON_NAMES) {
      const challenge = createChallenge(rejectedOf(reason));
      assert.equal(challenge === undefined, REASONS[reason].fault === "system", reason);
    }
  });

  test("can carry every description of the table", () => {
    for (const reason of REASON_NAMES) {
      const { challengeError, clientMessage } = REASONS[reason];
      if (challengeError === undefined) continue;
      const challenge = createChallenge(rejectedOf(reason)) ?? "";
      assert.ok(
        challenge.includes(`error="${challengeError}", error_description="${clientMessage}"`),
        reason,
      );
    }
  });

  test("escapes a realm and leaves out what the grammar cannot carry", () => {
    assert.equal(
      createChallenge(rejectedOf("missing_token"), { realm: 'a "b" \\ c' }),
      'Bearer realm="a \\"b\\" \\\\ c"',
    );
    const unfit: readonly ChallengeOptions[] = [
      { realm: "a\r\nSet-Cookie: x" },
      { realm: "é" },
      { realm: "" },
      { realm: "a".repeat(769) },
      { scope: 'a"b' },
      { scope: "a  b" },
      { scope: [] },
      { resourceMetadata: "javascript:alert(1)" },
      { resourceMetadata: "https://api.example.com/ x" },
    ];
    for (const options of unfit) {
      assert.equal(createChallenge(rejectedOf("missing_token"), options), "Bearer", JSON.stringify(options));
      assert.equal(checkChallengeOptions(options).length, 1, JSON.stringify(options));
    }
    for (const maxAgeSeconds of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e21]) {
      assert.ok(!createChallenge(rejectedOf("step_up_required"), { maxAgeSeconds })?.includes("max_age"));
      assert.equal(checkChallengeOptions({ maxAgeSeconds })[0]?.path, "maxAgeSeconds");
    }
  });

  test("stays inside the grammar of RFC 6750 section 3 for any option, each attribute once a scheme", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom('"', "\\", "a", " ", "\r", "\n", ",") }),
    );
    const options = fc.record(
      {
        realm: text,
        scope: fc.oneof(text, fc.array(text)),
        acrValues: fc.array(text),
        maxAgeSeconds: fc.double(),
        resourceMetadata: fc.oneof(
          text,
          text.map((path) => `https://api.example.com/${path}`),
        ),
        dpopAlgorithms: fc.array(text),
        scheme: fc.constantFrom("Bearer" as const, "DPoP" as const),
        dpopRequired: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const attribute = String.raw`[a-z_]+="(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;
    const challenge = `(?:Bearer|DPoP)(?: ${attribute}(?:, ${attribute})*)?`;
    const grammar = new RegExp(`^${challenge}(?:, ${challenge})?$`);
    fc.assert(
      fc.property(fc.constantFrom(...REASON_NAMES), options, (reason, chosen) => {
        const value = createChallenge(rejectedOf(reason), chosen);
        if (value === undefined) return;
        assert.match(value, grammar);
        for (const part of value.split(/, (?=DPoP(?: |$))/)) {
          const names = part.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/[a-z_]+(?==)/g) ?? [];
          assert.equal(new Set(names).size, names.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("checkChallengeOptions", () => {
  test("finds nothing wrong with what can be carried", () => {
    const options = {
      realm: 'the "api"',
      scope: "a b",
      acrValues: ["urn:mfa"],
      maxAgeSeconds: 300,
      resourceMetadata: METADATA,
      dpopAlgorithms: ["ES256"],
    };
    assert.deepEqual(checkChallengeOptions(options), []);
    assert.deepEqual(checkChallengeOptions({}), []);
  });

  test("names path and remedy of each problem, all at once, without the value", () => {
    const problems = checkChallengeOptions({ realm: "secret\n", dpopAlgorithms: [], acrValues: "\t" });
    assert.deepEqual(
      problems.map(({ path }) => path),
      ["realm", "acrValues", "dpopAlgorithms"],
    );
    for (const { problem, remedy } of problems) assert.ok(!`${problem}${remedy}`.includes("secret"));
  });
});
