import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeUnprintable, redactTokens, shorten } from "../../src/output/printable.ts";

test("no text keeps a character that could move the cursor or reverse the reading direction", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(escapeUnprintable(text), /[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test("printable text stays as it is", () => {
  for (const text of ["https://idp.example.com/", "Zoë 日本 ✓", ""])
    assert.equal(escapeUnprintable(text), text);
});

test("a shortened text is never longer than asked for and ends with an ellipsis where it was cut", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (text, limit) => {
      const short = shorten(text, limit);
      assert.ok(short.length <= limit);
      if (short !== escapeUnprintable(text)) assert.ok(short.endsWith("…"));
    }),
  );
});

test("what looks like a token is replaced, whatever stands around it", () => {
  assert.equal(redactTokens("unknown command 'eyJhbGciOiJub25lIn0.e30.'"), "unknown command '[token]'");
  assert.equal(redactTokens("unknown command 'verfy'"), "unknown command 'verfy'");
});
