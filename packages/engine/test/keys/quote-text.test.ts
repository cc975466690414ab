import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteText } from "../../src/keys/read-jwk.ts";

test("text of a key set is quoted as it is where it is short and plain", () => {
  assert.equal(quoteText("RS256"), '"RS256"');
  assert.equal(quoteText(""), '""');
  assert.equal(quoteText("a".repeat(64)), `"${"a".repeat(64)}"`);
});

test("text of a key set is cut after 64 characters", () => {
  assert.equal(quoteText("a".repeat(65)), `"${"a".repeat(64)}..."`);
  assert.ok(quoteText("\u0000".repeat(1_000_000)).length < 500);
});

test("text of a key set stays on one line of ASCII, whatever it holds", () => {
  assert.equal(quoteText('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(quoteText("a\nb\r\u001b[31m\u007f"), '"a\\nb\\r\\u001b[31m\\u007f"');
  assert.equal(quoteText("é\u2028\u202e\ud800💩"), '"\\u00e9\\u2028\\u202e\\ud800\\ud83d\\udca9"');
});
