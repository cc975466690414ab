import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { REASONS } from "../src/reasons.ts";
import { REMEDIES } from "../src/remedies.ts";

const rows = Object.entries(REASONS);

describe("the reasons", () => {
  it("each have a remedy, and nothing else has", () => {
    assert.deepEqual(Object.keys(REMEDIES), Object.keys(REASONS));
  });

  it("are 40, frozen, and have no inherited names", () => {
    assert.equal(rows.length, 40);
    assert.ok(Object.isFrozen(REASONS));
    assert.equal(Object.getPrototypeOf(REASONS), null);
    for (const [, row] of rows) assert.ok(Object.isFrozen(row));
  });

  it("answer 503 for every system fault and never for a client's", () => {
    for (const [name, { fault, httpStatus, grpcStatus, challengeError }] of rows) {
      assert.equal(httpStatus === 503, fault === "system", name);
      assert.equal(grpcStatus === 14, fault === "system", name);
      if (fault === "system") assert.equal(challengeError, undefined, name);
    }
  });

  it("pair each status with the challenge error that RFC 6750 section 3.1 and RFC 9470 give it", () => {
    for (const [name, { httpStatus, challengeError }] of rows) {
      if (challengeError === "invalid_request") assert.equal(httpStatus, 400, name);
      if (challengeError === "insufficient_scope") assert.equal(httpStatus, 403, name);
      if (httpStatus === 401) assert.notEqual(challengeError, "insufficient_scope", name);
    }
  });

  it("tell the caller the same of an unknown key, an unsuitable key and a bad signature", () => {
    const told = (["key_unknown", "key_unsuitable", "signature_invalid"] as const).map((name) => {
      const { clientMessage, httpStatus, challengeError, grpcStatus } = REASONS[name];
      return JSON.stringify([clientMessage, httpStatus, challengeError, grpcStatus]);
    });
    assert.equal(new Set(told).size, 1);
  });

  it("say what is wrong and what to do, in text that a header may carry", () => {
    for (const [name, { message, clientMessage }] of rows) {
      for (const text of [message, clientMessage, REMEDIES[name as keyof typeof REMEDIES]])
        assert.ok(text.length > 10, name);
      // RFC 6750 section 3: error_description.
      assert.match(clientMessage, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, name);
    }
  });
});
