import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { findClaim, parseClaimPath } from "countersign/policy";

describe("a path of a claim", () => {
  it("is a pointer, dotted, or one name with a scheme", () => {
    assert.deepEqual(parseClaimPath("/a/b~1c/~0/"), ["a", "b/c", "~", ""]);
    assert.deepEqual(parseClaimPath("a.b"), ["a", "b"]);
    assert.deepEqual(parseClaimPath("https://example.com/a.b"), ["https://example.com/a.b"]);
  });

  it("is none where it is empty, long, deep, or broken", () => {
    for (const text of ["", ".", "a.", ".a", "a..b", "/a~", "/~2", "a\nb", "x".repeat(257)]) {
      assert.equal(parseClaimPath(text), undefined, text);
    }
    assert.notEqual(parseClaimPath(Array.from({ length: 16 }, () => "a").join(".")), undefined);
    assert.equal(parseClaimPath(Array.from({ length: 17 }, () => "a").join(".")), undefined);
    assert.equal(parseClaimPath("/a".repeat(17)), undefined);
  });

  it("never leads to what is inherited", () => {
    const claims = { a: { b: 1 }, list: ["x"] };
    for (const path of [
      ["toString"],
      ["a", "constructor"],
      ["__proto__"],
      ["list", "length"],
      ["list", "at"],
    ]) {
      assert.equal(findClaim(claims, path), undefined, path.join("."));
    }
    assert.equal(findClaim(claims, ["a", "b"]), 1);
    assert.equal(findClaim(claims, ["list", "0"]), "x");
    assert.equal(findClaim(claims, ["list", "1"]), undefined);
    assert.equal(findClaim(claims, ["a", "b", "c"]), undefined);
  });
});
