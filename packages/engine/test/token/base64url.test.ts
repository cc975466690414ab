import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeCanonical, decodedLength } from "../../src/token/base64url.ts";

describe("canonical base64url", () => {
  it("accepts what encoding gives, for any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (octets) => {
        const text = Buffer.from(octets).toString("base64url");
        assert.deepEqual(decodeCanonical(text), Buffer.from(octets));
        assert.equal(decodedLength(text.length), octets.length);
      }),
    );
  });

  it("accepts a text exactly where encoding what it decodes to gives it back", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".split("");
    for (const head of ["", "AAAA", "zzzz"]) {
      for (const a of alphabet) {
        for (const b of ["", ...alphabet]) {
          for (const c of b === "" ? [""] : ["", "A", "B", "C", "E", "8", "_"]) {
            const text = head + a + b + c;
            const roundTrip = Buffer.from(text, "base64url").toString("base64url") === text;
            assert.equal(decodeCanonical(text) !== undefined, roundTrip, text);
          }
        }
      }
    }
  });

  it("refuses padding, white space, the other alphabet and everything else", () => {
    for (const text of ["QQ==", "QQ ", " QQ", "Q\nQ", "+/+/", "QQ.", "QÄ", "QQ\u0000", "QQ\n"]) {
      assert.equal(decodeCanonical(text), undefined, JSON.stringify(text));
    }
  });

  it("refuses every other character, wherever it stands and whatever its low byte is", () => {
    for (let code = 0; code < 0x10000; code++) {
      const character = String.fromCharCode(code);
      if (/[A-Za-z0-9_-]/.test(character)) continue;
      for (const text of [`${character}AAA`, `AA${character}`, `AAAA${character}AAA`, `AAA${character}`]) {
        if (decodeCanonical(text) !== undefined) assert.fail(`U+${code.toString(16)} was read`);
      }
    }
  });
});
