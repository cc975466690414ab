import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hashWords, IdentifierHash } from "../../src/status/identifier-hash.ts";

function hashOf(hash: IdentifierHash, text: string, space = 0): string {
  hash.hash(text, space);
  return hashWords.join();
}

/** Of any units, halves of pairs too. */
const texts = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));

test("a hash is the same for the same text and another for another text, space or hash", () => {
  const hash = new IdentifierHash();
  const other = new IdentifierHash();
  fc.assert(
    fc.property(texts, texts, (left, right) => {
      assert.equal(hashOf(hash, left), hashOf(hash, left));
      assert.equal(hashOf(hash, left) === hashOf(hash, right), left === right);
      assert.notEqual(hashOf(hash, left), hashOf(hash, left, 1));
      assert.notEqual(hashOf(hash, left), hashOf(other, left));
    }),
  );
});

test("texts that differ only where words are packed have different hashes", () => {
  const hash = new IdentifierHash();
  const short = [
    "",
    "\0",
    "\0\0",
    "\0\0\0\0",
    "\0\0\0\0\0",
    "a",
    "a\0",
    "\0a",
    "\u0100",
    "\u0001\0",
    "\u0161",
    "a\u0001",
  ];
  const long = "x".repeat(1024);
  const all = [...short, long, `${long}x`, `${long.slice(1)}y`, `y${long.slice(1)}`];
  assert.equal(new Set(all.map((text) => hashOf(hash, text))).size, all.length);
});

test("each bit of a hash is set for about half of all texts", () => {
  const hash = new IdentifierHash();
  const counts = new Array<number>(96).fill(0);
  const count = 20_000;
  for (let index = 0; index < count; index++) {
    hash.hash(`user-${index}`, 2);
    for (let bit = 0; bit < 96; bit++) {
      const word = hashWords[bit >>> 5] ?? 0;
      counts[bit] = (counts[bit] ?? 0) + ((word >>> (bit & 31)) & 1);
    }
  }
  // Eight standard deviations: chance fails this once in 10^13 runs.
  const margin = 8 * Math.sqrt(count / 4);
  for (const [bit, set] of counts.entries()) {
    assert.ok(Math.abs(set - count / 2) < margin, `bit ${bit}: ${set}`);
  }
});
