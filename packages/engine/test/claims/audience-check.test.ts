import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAudienceCheck } from "../../src/claims/audience-check.ts";
import type { JsonObject } from "../../src/token/json-value.ts";

const header = { alg: "ES256" };

describe("the check of aud", () => {
  const check = createAudienceCheck(["https://a.example", "https://b.example"]);
  const judge = (claims: JsonObject): readonly unknown[] | undefined => {
    const refusal = check.run({ header, claims }, 0);
    return refusal && [refusal.reason, refusal.expected, refusal.found];
  };

  it("says what passes and shows what it found, and relies on the form of aud", () => {
    assert.equal(check.name, "aud");
    assert.equal(check.expected, "aud to name https://a.example or https://b.example");
    assert.equal(check.standsAlone, false);
    assert.equal(check.show({ header, claims: { aud: ["x"] } }, 0), '["x"]');
  });

  it("passes where any audience is ours", () => {
    for (const aud of [
      "https://a.example",
      "https://b.example",
      ["https://b.example"],
      ["https://c.example", "https://a.example"],
    ]) {
      assert.equal(judge({ aud }), undefined);
    }
  });

  it("refuses every other audience, and none", () => {
    for (const claims of [
      {},
      { aud: [] },
      { aud: "" },
      { aud: "https://A.example" },
      { aud: "https://a.example/" },
      { aud: "https://a.exampl" },
      { aud: ["https://c.example", "https://d.example"] },
    ]) {
      assert.deepEqual(judge(claims), ["audience_mismatch", check.expected, undefined]);
    }
  });
});
