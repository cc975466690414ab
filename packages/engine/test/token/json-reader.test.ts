import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type JsonLimits, JsonProblem, parseJson } from "../../src/token/json-reader.ts";
import type { JsonValue } from "../../src/token/json-value.ts";

const LIMITS: JsonLimits = { maxDepth: 16, maxMembers: 512, maxStringLength: 65_536 };

function read(text: string, limits: JsonLimits = LIMITS): JsonValue {
  const value = parseJson(text, limits);
  if (value instanceof JsonProblem) throw new Error(value.message);
  return value;
}

function refuse(text: string, pattern: RegExp, limits: JsonLimits = LIMITS): void {
  const value = parseJson(text, limits);
  assert.ok(value instanceof JsonProblem, `accepted ${text.slice(0, 60)}`);
  assert.match(value.message, pattern);
}

/** Objects without prototypes as ordinary ones, for comparing. */
function withPrototypes(value: JsonValue): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("the JSON reader", () => {
  it("reads what JSON.parse reads of any JSON text without duplicates", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        const parsed = parseJson(text, LIMITS);
        if (parsed instanceof JsonProblem) {
          assert.match(parsed.message, /__proto__|lone surrogate|beyond 2\^53|too many|too deep/);
        } else assert.deepEqual(withPrototypes(parsed), JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses every text that JSON.parse refuses", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...'{}[]",:0123456789.eE+-tfnrualse\\u \n'.split("")),
          maxLength: 24,
        }),
        (text) => {
          let standard = true;
          try {
            JSON.parse(text);
          } catch {
            standard = false;
          }
          if (!standard) assert.ok(parseJson(text, LIMITS) instanceof JsonProblem, text);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it("gives objects no prototype, at any depth", () => {
    const value = read('{"a":{"b":[{}]}}') as { a: { b: [object] } };
    for (const object of [value, value.a, value.a.b[0]]) assert.equal(Object.getPrototypeOf(object), null);
  });

  it("refuses a duplicate member, also one that is written with escapes", () => {
    refuse('{"alg":"none","alg":"ES256"}', /duplicate/);
    refuse('{"alg":1,"\\u0061lg":2}', /duplicate/);
    refuse('{"a":{"b":1,"b":1}}', /duplicate/);
  });

  it("refuses a member named __proto__, also with escapes, and treats other inherited names as plain ones", () => {
    refuse('{"__proto__":{"admin":true}}', /__proto__/);
    refuse('{"a":[{"\\u005f_proto__":1}]}', /__proto__/);
    const value = read('{"constructor":1,"hasOwnProperty":2,"toString":3}') as Record<string, number>;
    assert.deepEqual(Object.keys(value), ["constructor", "hasOwnProperty", "toString"]);
    assert.equal(value["constructor"], 1);
  });

  it("refuses lone surrogates and reads pairs", () => {
    for (const text of [
      '"\\ud800"',
      '"\\udc00"',
      '"\\ud83dx"',
      '"\\ud83d\\ud83d"',
      '"\\ud83d\\n"',
      '"\\ud83d😀"',
    ]) {
      refuse(text, /lone surrogate/);
    }
    assert.equal(read('"\\ud83d\\ude00😀"'), "😀😀");
  });

  it("refuses numbers that are not finite, unsafe integers and every form that the grammar lacks", () => {
    refuse('{"exp":1e999}', /not finite/);
    refuse("-1e400", /not finite/);
    refuse("9007199254740992", /beyond 2\^53/);
    refuse("-9007199254740993", /beyond 2\^53/);
    refuse(`1${"0".repeat(200)}`, /too long/);
    for (const text of ["01", "-", "+1", "1.", ".5", "1e", "0x10", "NaN", "Infinity", "--1"])
      refuse(text, /.+/);
    refuse("[01]", /no comma or end/);
    assert.equal(read("9007199254740991"), Number.MAX_SAFE_INTEGER);
    assert.deepEqual(
      read("[0,-0,12,1e2,1.5,-3e-2,123456789012345,1234567890123456]"),
      [0, -0, 12, 100, 1.5, -0.03, 123456789012345, 1234567890123456],
    );
  });

  it("refuses a byte order mark, control characters and text after the value", () => {
    refuse("\ufeff{}", /no JSON value/);
    refuse('"\u0000"', /control character/);
    refuse('"a\\n\n"', /control character/);
    refuse("{} {}", /text after/);
    refuse("{}\u00a0", /text after/);
  });

  it("refuses unfinished and malformed text at every position", () => {
    const text = '{"a":[1,true,{"b":"\\u0041c"}],"d":null}';
    for (let end = 0; end < text.length; end++) refuse(text.slice(0, end), /.+/);
    for (const broken of [
      '{"a" 1}',
      '{"a":1,}',
      "[1,]",
      "[1 2]",
      "{a:1}",
      "{'a':1}",
      "tru",
      '"\\x"',
      '"\\u12g4"',
      "// x",
    ]) {
      refuse(broken, /.+/);
    }
  });

  it("holds the bound on depth exactly", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    read(nested(16));
    refuse(nested(17), /too deep/);
    refuse(nested(1_000_000), /too deep/);
    refuse(`${'{"a":'.repeat(17)}1${"}".repeat(17)}`, /too deep/);
  });

  it("holds the bound on members exactly, over the whole text", () => {
    const limits = { ...LIMITS, maxMembers: 4 };
    read('{"a":[1,2,3]}', limits);
    refuse('{"a":[1,2,3,4]}', /too many members/, limits);
    refuse('{"a":1,"b":2,"c":3,"d":4,"e":5}', /too many members/, limits);
  });

  it("holds the bound on strings and names exactly, with and without escapes", () => {
    const limits = { ...LIMITS, maxStringLength: 4 };
    read('{"abcd":"efgh"}', limits);
    refuse('"abcde"', /too long/, limits);
    refuse('{"abcde":1}', /too long/, limits);
    read('"\\u0061bcd"', limits);
    refuse('"\\u0061bcde"', /too long/, limits);
  });

  it("says where, and never shows the text", () => {
    const problem = parseJson('{"secret-name":"secret-value","x":}', LIMITS);
    assert.ok(problem instanceof JsonProblem);
    assert.match(problem.message, /at position 34$/);
    assert.doesNotMatch(problem.message, /secret/);
  });

  it("starts afresh after a failure", () => {
    refuse('{"a":', /.+/);
    assert.deepEqual(withPrototypes(read('{"a":1}')), { a: 1 });
  });
});
