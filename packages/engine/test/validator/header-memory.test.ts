import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseToken, type UnverifiedToken } from "../../src/token/parse-token.ts";
import { HeaderMemory } from "../../src/validator/header-memory.ts";

/** A token whose header has this kid. */
function createToken(keyId: string): UnverifiedToken {
  const parts = [{ alg: "ES256", kid: keyId }, { iss: "a" }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const token = parseToken(`${parts.join(".")}.${"A".repeat(86)}`, { maxBytes: 8192 });
  assert.ok("headerSegment" in token);
  return token;
}

function createTokens(name: string, count: number): readonly UnverifiedToken[] {
  return Array.from({ length: count }, (_, index) => createToken(`${name}-${index}`));
}

function countHeld(memory: HeaderMemory, tokens: readonly UnverifiedToken[]): number {
  let held = 0;
  for (const { headerSegment, header } of tokens) {
    const found = memory.find(headerSegment);
    if (found === undefined) continue;
    assert.equal(found, header, "another's header");
    held++;
  }
  return held;
}

describe("the memory of headers", () => {
  test("gives the header of exactly this text", () => {
    const memory = new HeaderMemory();
    const [first, second] = [createToken("first"), createToken("second")];
    assert.equal(memory.find(first.headerSegment), undefined);
    assert.equal(memory.find(""), undefined);
    memory.remember(first);
    memory.remember(second);
    memory.remember(second);
    for (const { headerSegment, header } of [first, second, first]) {
      assert.equal(memory.find(headerSegment), header);
      assert.equal(memory.find(`${headerSegment}A`), undefined);
      assert.equal(memory.find(headerSegment.slice(0, -1)), undefined);
    }
    assert.ok(Object.isFrozen(first.header));
  });

  test("holds 256 of verified tokens and 32 of others at most, and one more that came last", () => {
    const memory = new HeaderMemory();
    const [verified, visitors] = [createTokens("verified", 600), createTokens("visitor", 600)];
    for (const token of verified) memory.remember(token);
    for (const token of visitors) memory.visit(token);
    assert.equal(countHeld(memory, verified), 256);
    assert.equal(countHeld(memory, visitors), 32);
  });

  test("lets strangers displace none that a verified token brought", () => {
    const memory = new HeaderMemory();
    const verified = createTokens("verified", 256);
    for (const token of verified) memory.remember(token);
    for (const token of createTokens("visitor", 5000)) memory.visit(token);
    assert.equal(countHeld(memory, verified), 256);
  });

  test("takes a stranger's header among the verified ones once its token is", () => {
    const memory = new HeaderMemory();
    const token = createToken("first");
    memory.visit(token);
    memory.remember(token);
    for (const other of createTokens("visitor", 100)) memory.visit(other);
    for (const other of createTokens("verified", 100)) memory.remember(other);
    assert.equal(memory.find(token.headerSegment), token.header);
  });
});
