import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { ENTRY_BYTES, TokenMemory } from "../../src/validator/token-memory.ts";
import { createToken, createTwin } from "./sample-tokens.ts";

const ROOMY = { maxEntries: 1000, maxBytes: 2 ** 26 };

function countBytes(text: string): number {
  return text.length + ENTRY_BYTES;
}

/** A memory of these tokens, each remembered with its place in the list. */
function fill(tokens: readonly string[], limits = ROOMY): TokenMemory<number> {
  const memory = new TokenMemory<number>(limits);
  for (const [index, token] of tokens.entries()) memory.remember(token, index);
  return memory;
}

function createTokens(count: number): readonly string[] {
  return Array.from({ length: count }, (_, serial) => createToken(serial));
}

describe("what is found", () => {
  test("is what was remembered of exactly this text, and of no part or change of it", () => {
    const token = createToken(1);
    const memory = fill([token]);
    assert.equal(memory.find(token), 0);
    assert.equal(memory.find(token.split("").join("")), 0);
    const others = [token.slice(1), token.slice(0, -1), `${token}A`, ` ${token}`, token.toUpperCase(), ""];
    for (const other of others) assert.equal(memory.find(other), undefined, other);
    for (let at = 0; at < token.length; at++) {
      const changed = `${token.slice(0, at)}~${token.slice(at + 1)}`;
      assert.equal(memory.find(changed), undefined, changed);
    }
  });

  test("is never that of another text with the same end, which takes its place", () => {
    const token = createToken(1);
    const twins = [createTwin(token), createTwin(token, "claimS"), `${token.slice(0, -1)}~`];
    for (const twin of twins) {
      const memory = fill([token]);
      assert.equal(memory.find(twin), undefined);
      memory.remember(twin, 7);
      assert.equal(memory.find(twin), 7);
      assert.equal(memory.find(token), undefined);
      assert.equal(memory.size, 1, "or this test knows no longer which texts meet");
      assert.equal(memory.bytes, countBytes(twin));
    }
  });

  test("is the latest that was remembered of it, once", () => {
    const token = createToken(1);
    const memory = fill([token, token, token]);
    assert.equal(memory.find(token), 2);
    assert.deepEqual([memory.size, memory.bytes], [1, countBytes(token)]);
  });

  test("is nothing after it was forgotten, and forgetting a text forgets no other", () => {
    const [token = "", other = ""] = createTokens(2);
    const memory = fill([token, other]);
    for (const text of [createTwin(token), `${token}A`, "", createToken(3)]) memory.forget(text);
    assert.deepEqual([memory.find(token), memory.find(other)], [0, 1]);
    memory.forget(token);
    memory.forget(token);
    assert.deepEqual([memory.find(token), memory.find(other)], [undefined, 1]);
    assert.deepEqual([memory.size, memory.bytes], [1, countBytes(other)]);
  });

  test("may be a text of any length, also of none", () => {
    for (const text of ["", "a", "a".repeat(12), "a".repeat(13), "a".repeat(14)]) {
      const memory = fill([text]);
      assert.equal(memory.find(text), 0);
      memory.forget(text);
      assert.deepEqual([memory.size, memory.bytes], [0, 0]);
    }
  });
});

describe("letting in", () => {
  test("takes a token when it comes again, and not before", () => {
    const memory = new TokenMemory<number>({ maxEntries: 10, maxBytes: 2 ** 20 });
    assert.equal(memory.admits(createToken(1)), false);
    assert.equal(memory.admits(createToken(2)), false);
    assert.equal(memory.admits(createToken(1)), true);
    assert.equal(memory.size, 0, "it is the caller who remembers");
  });

  test("takes no token that is larger than all the room there is", () => {
    const memory = new TokenMemory<number>({ maxEntries: 10, maxBytes: 4096 });
    const [fitting, larger] = [createToken(1, "c".repeat(3072 - 49)), createToken(2, "c".repeat(3073 - 49))];
    assert.deepEqual([countBytes(fitting), countBytes(larger)], [4096, 4097]);
    for (const token of [fitting, larger]) assert.equal(memory.admits(token), false);
    assert.equal(memory.admits(fitting), true);
    for (let visit = 0; visit < 3; visit++) assert.equal(memory.admits(larger), false);
    memory.remember(fitting, 1);
    assert.equal(memory.find(fitting), 1);
    memory.remember(larger, 2);
    assert.equal(memory.find(larger), undefined);
    assert.ok(memory.bytes <= 4096);
  });

  test("of as many tokens as there are entries for takes nearly every one once each came a few times", () => {
    const memory = new TokenMemory<number>({ maxEntries: 10_000, maxBytes: 2 ** 30 });
    const tokens = createTokens(10_000);
    // In turn, as a load test sends them: each must find its own note, whoever shares its place.
    for (let round = 0; round < 4; round++) {
      for (const [serial, token] of tokens.entries()) {
        if (memory.find(token) === undefined && memory.admits(token)) memory.remember(token, serial);
      }
    }
    assert.ok(memory.size > 9900, `${memory.size}`);
    for (const [serial, token] of tokens.entries())
      assert.ok([undefined, serial].includes(memory.find(token)));
  });

  test("takes none of a flood of tokens that come once, so that none that was there goes", () => {
    const limits = { maxEntries: 100, maxBytes: 2 ** 20 };
    const hot = createTokens(100);
    const memory = fill(hot, limits);
    for (let serial = 1000; serial < 101_000; serial++) {
      const token = createToken(serial);
      assert.equal(memory.find(token), undefined);
      if (memory.admits(token)) memory.remember(token, serial);
    }
    for (const [index, token] of hot.entries()) assert.equal(memory.find(token), index);
  });
});

describe("making room", () => {
  const limits = { maxEntries: 100, maxBytes: 2 ** 20 };

  test("lets go what was not asked for since it came, the oldest first", () => {
    const tokens = createTokens(150);
    const memory = fill(tokens.slice(0, 100), limits);
    for (let index = 100; index < 150; index++) {
      memory.remember(tokens[index] as string, index);
      assert.equal(memory.size, 100);
    }
    const found = tokens.map((token) => memory.find(token));
    assert.deepEqual(
      found,
      tokens.map((_, index) => (index < 50 ? undefined : index)),
    );
  });

  test("keeps what is asked for while others come twice and never again", () => {
    const hot = createTokens(30);
    const memory = fill(hot, limits);
    for (let serial = 1000; serial < 21_000; serial++) {
      memory.remember(createToken(serial), serial);
      // Each is asked for once while the memory is filled anew.
      const index = serial % 60;
      if (index < hot.length) assert.equal(memory.find(hot[index] as string), index, `${serial}`);
    }
    for (const [index, token] of hot.entries()) assert.equal(memory.find(token), index);
  });

  test("keeps for its uses no more than three turns what is not asked for any more", () => {
    const [token = "", ...others] = createTokens(1000);
    const memory = fill([token], { ...limits, maxEntries: 10 });
    for (let use = 0; use < 1000; use++) memory.find(token);
    for (const [index, other] of others.slice(0, 50).entries()) memory.remember(other, index);
    assert.equal(memory.find(token), undefined);
  });

  test("looks at no more than 33 entries, also where all are asked for: then the next one goes", () => {
    const tokens = createTokens(100);
    const memory = fill(tokens, limits);
    for (let use = 0; use < 5; use++) for (const token of tokens) memory.find(token);
    const late = createToken(100);
    memory.remember(late, 100);
    assert.equal(memory.find(late), 100);
    const gone = tokens.flatMap((token, index) => (memory.find(token) === undefined ? [index] : []));
    assert.deepEqual(gone, [32]);
  });

  test("works with room for one", () => {
    const [token = "", other = ""] = createTokens(2);
    const memory = fill([token, other], { maxEntries: 1, maxBytes: 65_536 });
    assert.deepEqual([memory.find(token), memory.find(other), memory.size], [undefined, 1, 1]);
  });
});

type Step =
  | { readonly do: "visit" | "find" | "forget"; readonly text: number }
  | { readonly do: "remember"; readonly text: number; readonly value: number };

/** Pairs that end alike among them, and lengths from nothing to a fifth of all the room. */
const TEXTS: readonly string[] = [0, 1, 2, 3, 4, 5, 6].flatMap((serial) => {
  const token = createToken(serial, "c".repeat(serial * 100));
  return [token, createTwin(token, "t".repeat(900)), `${token.slice(0, -1)}~`];
});

const place = fc.nat(TEXTS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("visit" as const, "find" as const, "forget" as const), text: place }),
  fc.record({ do: fc.constant("remember" as const), text: place, value: fc.nat() }),
);

test("at every step it holds its bounds, counts what it holds, and gives what was remembered last", () => {
  const bounds = fc.record({
    maxEntries: fc.integer({ min: 1, max: 12 }),
    maxBytes: fc.integer({ min: ENTRY_BYTES, max: 12 * 1200 }),
  });
  fc.assert(
    fc.property(bounds, fc.array(step, { maxLength: 60 }), (limits, steps) => {
      const memory = new TokenMemory<number>(limits);
      /** What may be found: the last value, unless it was forgotten. */
      const known = new Map<string, number>();
      for (const one of steps) {
        const text = TEXTS[one.text] as string;
        const [size, bytes] = [memory.size, memory.bytes];
        if (one.do === "remember") {
          memory.remember(text, one.value);
          known.set(text, one.value);
          const isForced = size >= limits.maxEntries || bytes + countBytes(text) > limits.maxBytes;
          assert.ok(isForced || memory.find(text) === one.value, "forgotten while there was room");
        } else if (one.do === "forget") {
          memory.forget(text);
          known.delete(text);
        } else if (one.do === "find") memory.find(text);
        else memory.admits(text);
        if (one.do === "find" || one.do === "visit") {
          assert.deepEqual([memory.size, memory.bytes], [size, bytes], "asking changes nothing");
        }
        checkContents(memory, known);
        assert.ok(memory.size <= limits.maxEntries && memory.bytes <= limits.maxBytes);
      }
    }),
    { numRuns: 1000 },
  );
});

function checkContents(memory: TokenMemory<number>, known: ReadonlyMap<string, number>): void {
  let [size, bytes] = [0, 0];
  for (const text of TEXTS) {
    const value = memory.find(text);
    if (value === undefined) continue;
    assert.equal(value, known.get(text));
    size++;
    bytes += countBytes(text);
  }
  assert.deepEqual([memory.size, memory.bytes], [size, bytes]);
}

test("a token that was cut out of a larger text does not keep that text", (context) => {
  if ("Bun" in globalThis || "Deno" in globalThis) {
    context.skip("only V8 under Node lets a test collect garbage");
    return;
  }
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  const memory = new TokenMemory<number>(ROOMY);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let serial = 0; serial < 200; serial++) {
    const request = `${createToken(serial)} ${String.fromCharCode(97 + (serial % 26)).repeat(2 ** 18)}`;
    memory.remember(Buffer.from(request).toString("latin1").slice(0, createToken(serial).length), serial);
  }
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.equal(memory.size, 200);
  assert.ok(grown < 2 ** 24, `${grown} octets of 50 MiB are still there`);
});
