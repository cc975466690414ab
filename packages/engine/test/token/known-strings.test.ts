/** The reader keeps strings that it read before. Nobody must be able to tell, but by the time that it takes. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { type JsonLimits, JsonProblem, parseJson } from "../../src/token/json-reader.ts";
import type { JsonValue } from "../../src/token/json-value.ts";

const LIMITS: JsonLimits = { maxDepth: 16, maxMembers: 512, maxStringLength: 2 ** 20 };

function read(text: string, limits: JsonLimits = LIMITS): JsonValue {
  const value = parseJson(text, limits);
  if (value instanceof JsonProblem) throw new Error(value.message);
  return value;
}

/** Texts that have one hash in every scheme that multiplies by 31: "Aa" and "BB" count alike. */
function createTwins(pairs: number): readonly string[] {
  return Array.from({ length: 2 ** pairs }, (_, bits) =>
    Array.from({ length: pairs }, (_unused, at) => ((bits >> at) & 1 ? "BB" : "Aa")).join(""),
  );
}

const TWINS = [...createTwins(1), ...createTwins(3), ...createTwins(8).slice(0, 8)];

describe("a string that was read before", () => {
  test("is not taken for another one with the same hash, as a name or as a value", () => {
    for (let round = 0; round < 3; round++) {
      for (const twin of TWINS) {
        assert.deepEqual(Object.entries(read(`{"${twin}":"${twin}"}`) as object), [[twin, twin]]);
      }
      const all = Object.fromEntries(TWINS.map((twin, index) => [twin, [twin, index]]));
      assert.deepEqual(JSON.parse(JSON.stringify(read(JSON.stringify(all)))), all);
    }
  });

  test("makes duplicates no less and no more", () => {
    for (const [one, other] of [
      ["Aa", "BB"],
      ["AaAa", "BBAa"],
    ]) {
      read(`{"${one}":1,"${other}":2}`);
      for (const name of [one, other]) {
        const problem = parseJson(`{"${name}":1,"${name}":2}`, LIMITS);
        assert.ok(problem instanceof JsonProblem && /duplicate/.test(problem.message));
      }
    }
  });

  test("is refused all the same where it is longer than strings may be now", () => {
    const known = "a-string-of-thirty-characters!";
    for (let round = 0; round < 3; round++) {
      read(`{"${known}":"${known}"}`, { ...LIMITS, maxStringLength: known.length });
      const limits = { ...LIMITS, maxStringLength: known.length - 1 };
      for (const text of [`"${known}"`, `["${known}"]`, `{"${known}":1}`, `{"a":"${known}"}`]) {
        const problem = parseJson(text, limits);
        assert.ok(problem instanceof JsonProblem && /too long/.test(problem.message), text);
      }
    }
  });

  test("is no name of meaning for having been a value, and none by its hash", () => {
    for (const text of ['["__proto__"]', '"__proto__"', '{"a":"__proto__"}']) read(text);
    for (let round = 0; round < 2; round++) {
      const problem = parseJson('{"__proto__":{"admin":true}}', LIMITS);
      assert.ok(problem instanceof JsonProblem && /__proto__/.test(problem.message));
    }
    assert.equal((read('{"a":1}') as Record<string, unknown>)["admin"], undefined);
  });

  test("reads the same with escapes and without", () => {
    for (let round = 0; round < 2; round++) {
      assert.equal(read('"Aa"'), "Aa");
      assert.equal(read('"\\u0042B"'), "BB");
      assert.equal(read('"\\u0041a"'), "Aa");
      assert.equal(read('"\\\\u0041a"'), "\\u0041a");
    }
  });
});

test("whatever was read before, good or bad, a text reads as JSON.parse reads it", () => {
  const word = fc.oneof(
    fc.constantFrom(...TWINS),
    fc.string({ unit: fc.constantFrom("A", "B", "a", "\\", '"', "\u00e9", "\u0141", "\n"), maxLength: 70 }),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 2 }, word, fc.integer(), tie("list"), tie("object")),
    list: fc.array(tie("any"), { maxLength: 4 }),
    object: fc.dictionary(word, tie("any"), { maxKeys: 4 }),
  })).any;
  const texts = fc.array(fc.tuple(value, fc.option(fc.nat(40), { nil: undefined })), { maxLength: 20 });
  fc.assert(
    fc.property(texts, (all) => {
      for (const [one, cutAt] of all) {
        const text = JSON.stringify(one);
        // Some texts end too early: what was begun must not reach into the next.
        if (cutAt !== undefined && cutAt < text.length) parseJson(text.slice(0, cutAt), LIMITS);
        assert.deepEqual(JSON.parse(JSON.stringify(read(text))), JSON.parse(text));
      }
    }),
    { numRuns: 1000 },
  );
});

test("two readings of one text share nothing that could be changed", () => {
  const text =
    '{"realm_access":{"roles":["admin","user"]},"aud":["https://api.example.com/v1"],"sub":"alice"}';
  const collect = (value: unknown, found: object[] = []): object[] => {
    if (typeof value !== "object" || value === null) return found;
    found.push(value);
    for (const member of Object.values(value)) collect(member, found);
    return found;
  };
  const [first, second] = [collect(read(text)), collect(read(text))];
  assert.equal(first.length, 4);
  for (const [index, part] of first.entries()) {
    assert.notEqual(part, second[index]);
    assert.ok(Object.isFrozen(part));
    assert.throws(() => Object.assign(part, { admin: true }), TypeError);
    assert.throws(() => Object.setPrototypeOf(part, {}), TypeError);
  }
});

test("what is read of a large text does not keep the text", (context) => {
  if ("Bun" in globalThis || "Deno" in globalThis) {
    context.skip("only V8 under Node lets a test collect garbage");
    return;
  }
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  const kept: JsonValue[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let serial = 0; serial < 100; serial++) {
    const claims = {
      [`a-name-of-${serial}-that-is-long`]: `a-value-of-${serial}-that-is-long`,
      list: ["twelve chars"],
    };
    const text = `${JSON.stringify(claims)}${" ".repeat(2 ** 19)}`;
    kept.push(read(Buffer.from(text).toString("latin1")));
  }
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.equal(kept.length, 100);
  assert.ok(grown < 2 ** 24, `${grown} octets of 50 MiB are still there`);
});
