import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { showClaim } from "../../src/claims/claim-check.ts";

describe("a shown claim", () => {
  it("is JSON, and nothing where it is absent", () => {
    assert.equal(showClaim({ a: "t" }, "a"), '"t"');
    assert.equal(showClaim({ a: null }, "a"), "null");
    assert.equal(showClaim({ a: { b: [1] } }, "a"), '{"b":[1]}');
    assert.equal(showClaim({ a: 1 }, "b"), undefined);
  });

  it("is cut after 200 characters", () => {
    const fits = "x".repeat(198);
    assert.equal(showClaim({ a: fits }, "a"), `"${fits}"`);
    assert.equal(showClaim({ a: `${fits}x` }, "a"), `"${fits}x…`);
  });
});
