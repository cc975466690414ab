import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isKeyId } from "../../src/token/key-id.ts";

describe("a key identifier", () => {
  it("is a string of 1 to 256 UTF-16 units", () => {
    for (const value of ["a", " ", "k".repeat(256), "ключ", "😀".repeat(128)])
      assert.equal(isKeyId(value), true);
    for (const value of [undefined, null, 1, {}, ["a"], "", "k".repeat(257), "😀".repeat(129)])
      assert.equal(isKeyId(value), false);
  });

  it("has no control character of C0 or C1 at any place", () => {
    for (const code of [0x00, 0x1f, 0x7f, 0x80, 0x9f]) {
      const character = String.fromCharCode(code);
      for (const text of [character, `${character}b`, `a${character}`])
        assert.equal(isKeyId(text), false, `${code}`);
    }
    for (const code of [0x20, 0x7e, 0xa0, 0x2028])
      assert.equal(isKeyId(String.fromCharCode(code)), true, `${code}`);
  });
});
