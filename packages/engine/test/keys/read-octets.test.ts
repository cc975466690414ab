import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyProblem } from "../../src/keys/key-problem.ts";
import { readOctets } from "../../src/keys/read-octets.ts";

function read(value: unknown, maxOctets: number = 8): readonly number[] | string {
  try {
    return [...readOctets({ name: "x", value }, { most: maxOctets })];
  } catch (error) {
    assert.ok(error instanceof KeyProblem);
    return error.message;
  }
}

test("a member of octets is decoded up to its limit", () => {
  assert.deepEqual(read("AQ"), [1]);
  assert.deepEqual(read("-_8"), [251, 255]);
  assert.deepEqual(read("AAAAAAAAAAA", 8), [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(read("AAAAAAAAAAAA", 8), '"x" has 9 octets, expected 1 to 8');
});

test("a member of octets that is absent, of another type or empty has a problem of its own", () => {
  assert.equal(read(undefined), '"x" must be a string, found nothing');
  for (const value of [null, 1, [], {}, new Uint8Array(1)]) {
    assert.match(String(read(value)), /^"x" must be a string, found (?:null|an? .*)$/);
  }
  assert.equal(read(""), '"x" is empty');
});

test("a member of octets has exactly one spelling", () => {
  for (const value of ["A", "AB", "AAB", "AQ=", "AQ==", " AQ", "AQ\n", "+/8", "A.Q", "AQé", "AAAAA"]) {
    assert.equal(read(value), '"x" is not canonical base64url without padding', value);
  }
});
