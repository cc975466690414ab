import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { TokenMemory } from "../../src/validator/token-memory.ts";

function createToken(serial: number): string {
  return `head.claims.${createHash("sha256").update(`${serial}`).digest("base64url")}`;
}

test("of as many tokens as there are entries for, nearly every one is remembered once each came a few times", () => {
  const memory = new TokenMemory<number>({ maxEntries: 10_000, maxBytes: 2 ** 30 });
  const tokens = Array.from({ length: 10_000 }, (_, serial) => createToken(serial));
  // In turn, as a load test sends them: each must find its own note, whoever shares its place.
  for (let round = 0; round < 4; round++) {
    for (const [serial, token] of tokens.entries()) {
      if (memory.find(token) === undefined && memory.admits(token)) memory.remember(token, serial);
    }
  }
  assert.ok(memory.size > 9900, `${memory.size}`);
  for (const [serial, token] of tokens.entries()) assert.ok([undefined, serial].includes(memory.find(token)));
});

test("a token that comes once is not remembered, and one that comes again is", () => {
  const memory = new TokenMemory<number>({ maxEntries: 10, maxBytes: 2 ** 20 });
  assert.equal(memory.admits(createToken(1)), false);
  assert.equal(memory.admits(createToken(2)), false);
  assert.equal(memory.admits(createToken(1)), true);
});
