import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import type { ClaimEncoding } from "../../src/config/configuration.ts";
import { encodeClaim } from "../../src/decision/encode-claim.ts";

const ENCODINGS: readonly (ClaimEncoding | undefined)[] = [
  "text",
  "csv",
  "json",
  "base64url-json",
  undefined,
];

describe("a claim as a header", () => {
  it("is empty where there is none", () => {
    for (const encoding of ENCODINGS) {
      assert.equal(encodeClaim(undefined, encoding), "");
      assert.equal(encodeClaim(null, encoding), "");
    }
  });

  it("is one value as text, and nothing else", () => {
    assert.equal(encodeClaim("a b%,ü\r\n", "text"), "a%20b%25,%C3%BC%0D%0A");
    assert.equal(encodeClaim(3.5, "text"), "3.5");
    assert.equal(encodeClaim(true, "text"), "true");
    assert.equal(encodeClaim(["a"], "text"), undefined);
    assert.equal(encodeClaim({ a: 1 }, "text"), undefined);
  });

  it("is a list as csv, in which no item can pose as two", () => {
    assert.equal(encodeClaim(["a,b", "c", 1], "csv"), "a%2Cb,c,1");
    assert.equal(encodeClaim("a,b", "csv"), "a%2Cb");
    assert.equal(encodeClaim([], "csv"), "");
    assert.equal(encodeClaim([["a"]], "csv"), undefined);
    assert.equal(encodeClaim({ a: 1 }, "csv"), undefined);
  });

  it("is ASCII as JSON, and the same value", () => {
    assert.equal(encodeClaim({ a: ["ü\r\n😀"] }, "json"), '{"a":["\\u00FC\\r\\n\\uD83D\\uDE00"]}');
    assert.equal(encodeClaim("x", "json"), '"x"');
    assert.equal(encodeClaim({ a: [1] }, "base64url-json"), "eyJhIjpbMV19");
  });

  it("is visible ASCII or space whatever an issuer signs, and can be read back", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...ENCODINGS), (value, encoding) => {
        const encoded = encodeClaim(value, encoding) ?? "";
        assert.match(encoded, /^[\x20-\x7e]*$/);
        if (value === null) return;
        if (encoding === "json") assert.deepEqual(JSON.parse(encoded), JSON.parse(JSON.stringify(value)));
        if (encoding === "base64url-json") {
          const text = Buffer.from(encoded, "base64url").toString("utf8");
          assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        }
      }),
    );
  });
});
