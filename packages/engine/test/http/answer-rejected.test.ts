import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HttpAnswer } from "countersign/http";
import { answerRejected, createProblem, publicReason } from "countersign/http";
import fc from "fast-check";
import { REASONS } from "../../src/reasons.ts";
import { REASON_NAMES, rejectedOf } from "./rejected-of.ts";

function header(answer: HttpAnswer, name: string): string | undefined {
  return answer.headers.find(([found]) => found === name)?.[1];
}

describe("createProblem", () => {
  test("has the members of RFC 9457 and the reason as code", () => {
    assert.deepEqual(createProblem(rejectedOf("token_expired")), {
      type: "about:blank",
      title: "Unauthorized",
      status: 401,
      detail: "The access token expired",
      code: "token_expired",
    });
  });

  test("leads to documentation where a base is given", () => {
    const problem = createProblem(rejectedOf("keys_unavailable"), {
      typeBase: "https://docs.example/problems/",
      instance: "urn:uuid:0b9ab2ce-7d6b-4f54-8d1f-6d3b1c4f8d39",
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    });
    assert.equal(problem.type, "https://docs.example/problems/keys_unavailable");
    assert.equal(problem.title, REASONS.keys_unavailable.clientMessage);
    assert.equal(problem.instance, "urn:uuid:0b9ab2ce-7d6b-4f54-8d1f-6d3b1c4f8d39");
    assert.equal(problem.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  });

  test("leaves out a trace id of another form", () => {
    assert.ok(!("trace_id" in createProblem(rejectedOf("token_expired"), { traceId: "4BF9" })));
  });

  test("hides which of key and signature failed, and nothing else", () => {
    for (const reason of REASON_NAMES) {
      const hidden = reason === "key_unknown" || reason === "key_unsuitable";
      assert.equal(publicReason(reason), hidden ? "signature_invalid" : reason);
    }
  });
});

describe("answerRejected", () => {
  for (const reason of REASON_NAMES) {
    test(`answers ${reason} as its row says`, () => {
      const row = REASONS[reason];
      const answer = answerRejected(rejectedOf(reason));
      const body: unknown = JSON.parse(answer.body);
      assert.equal(answer.status, row.httpStatus);
      assert.deepEqual(body, createProblem(rejectedOf(reason)));
      assert.equal((body as { status: number }).status, row.httpStatus);
      assert.equal(header(answer, "Content-Type"), "application/problem+json");
      assert.equal(header(answer, "Cache-Control"), "no-store");
      assert.equal(header(answer, "Retry-After"), row.fault === "system" ? "5" : undefined);
      assert.equal(header(answer, "WWW-Authenticate") !== undefined, row.fault === "client");
      assert.ok(!answer.body.includes("inside-"), "nothing of expected and found");
    });
  }

  test("is byte for byte the same for key_unknown, key_unsuitable and signature_invalid", () => {
    const options = {
      realm: "api",
      scope: "a",
      dpopAlgorithms: ["ES256"],
      typeBase: "https://docs.example/",
      instance: "urn:x:1",
    };
    const answers = (["key_unknown", "key_unsuitable", "signature_invalid"] as const).map((reason) =>
      JSON.stringify(answerRejected(rejectedOf(reason), options)),
    );
    assert.equal(new Set(answers).size, 1);
  });

  for (const [seconds, text] of [
    [0.2, "1"],
    [0, "1"],
    [-5, "1"],
    [12.1, "13"],
    [1e9, "86400"],
    [Number.NaN, "5"],
    [Number.POSITIVE_INFINITY, "5"],
  ] as const) {
    test(`turns ${seconds} seconds into Retry-After: ${text}`, () => {
      const answer = answerRejected(rejectedOf("overloaded", { retryAfterSeconds: seconds }));
      assert.equal(header(answer, "Retry-After"), text);
    });
  }

  test("hands out a DPoP nonce that keeps to its grammar", () => {
    const rejected = rejectedOf("dpop_nonce_required");
    assert.equal(
      header(answerRejected(rejected, { dpopNonce: "eyJ7S_zG.eyJH0-Z.HX4w-7v" }), "DPoP-Nonce"),
      "eyJ7S_zG.eyJH0-Z.HX4w-7v",
    );
    const own = rejectedOf("dpop_nonce_required", { dpopNonce: "own" });
    assert.equal(header(answerRejected(own), "DPoP-Nonce"), "own");
    assert.equal(header(answerRejected(own, { dpopNonce: "other" }), "DPoP-Nonce"), "other");
    assert.equal(header(answerRejected(rejected), "DPoP-Nonce"), undefined);
    for (const dpopNonce of ["", 'a"b', "a b", "a\r\nb", "n".repeat(257)]) {
      assert.equal(header(answerRejected(rejected, { dpopNonce }), "DPoP-Nonce"), undefined);
    }
  });

  test("never throws, keeps headers in one line of ASCII, and shows nothing of the verdict's texts", () => {
    const text = fc.string({ unit: "binary", minLength: 1 });
    const options = fc.record(
      {
        realm: text,
        scope: text,
        instance: text,
        typeBase: text,
        traceId: text,
        dpopNonce: text,
        resourceMetadata: text,
      },
      { requiredKeys: [] },
    );
    const token = fc.base64String({ minLength: 24 }).map((random) => `canary.${random}`);
    fc.assert(
      fc.property(fc.constantFrom(...REASON_NAMES), token, options, (reason, canary, chosen) => {
        const extra = { expected: canary, found: canary, message: canary, issuer: canary };
        const answer = answerRejected(rejectedOf(reason, extra), chosen);
        assert.ok(!answer.body.includes(canary));
        assert.ok(JSON.parse(answer.body));
        for (const [name, value] of answer.headers) {
          assert.match(value, /^[\x20-\x7e]+$/);
          assert.ok(!value.includes(canary));
          new Headers([[name, value]]);
        }
        assert.equal(new Set(answer.headers.map(([name]) => name)).size, answer.headers.length);
      }),
      { numRuns: 1000 },
    );
  });
});
