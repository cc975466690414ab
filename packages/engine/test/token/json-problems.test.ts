import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonLimits, JsonProblem, parseJson } from "../../src/token/json-reader.ts";

const LIMITS: JsonLimits = { maxDepth: 3, maxMembers: 4, maxStringLength: 9 };

/** Text, and the whole of what its refusal says: the rule and the position are an interface. */
const REFUSED: readonly (readonly [text: string, problem: string])[] = [
  ["", "no JSON value at position 0"],
  [" \n\r\t", "no JSON value at position 4"],
  ["\u000b1", "no JSON value at position 0"],
  ["\u00a01", "no JSON value at position 0"],
  ["/", "no JSON value at position 0"],
  [":", "no JSON value at position 0"],
  [".", "no JSON value at position 0"],
  ["x", "no JSON value at position 0"],
  [" tru", "no JSON value at position 1"],
  ["fals", "no JSON value at position 0"],
  ["nul", "no JSON value at position 0"],
  ["True", "no JSON value at position 0"],
  ["truee", "text after the value at position 4"],
  ["1 2", "text after the value at position 2"],
  ['"a"b', "text after the value at position 3"],
  ["{}}", "text after the value at position 2"],
  ["[]]", "text after the value at position 2"],
  ["[[[[]]]]", "nesting too deep at position 3"],
  ['{"a":{"a":{"a":{}}}}', "nesting too deep at position 15"],
  ["{", "no member name at position 1"],
  ["{ 1", "no member name at position 2"],
  ["{,", "no member name at position 1"],
  ['{"a":1,}', "no member name at position 7"],
  ['{"a"', "no colon after a member name at position 4"],
  ['{"a" 1}', "no colon after a member name at position 5"],
  ['{"a":}', "no JSON value at position 5"],
  ['{"a":1', "no comma or end after a value at position 6"],
  ['{"a":1 "b":2}', "no comma or end after a value at position 7"],
  ['{"a":1]', "no comma or end after a value at position 6"],
  ['{"__proto__":1}', "a member named __proto__ at position 12"],
  ['{"a":1,"a":2}', "a duplicate member at position 10"],
  ['{"a":1,"b":2,"c":3,"d":4,"e":5}', "too many members at position 28"],
  ['{"a":"\\x"}', "a malformed escape at position 5"],
  ['{"\\x":1}', "a malformed escape at position 1"],
  ["[", "no JSON value at position 1"],
  ["[1", "no comma or end after a value at position 2"],
  ["[1 2]", "no comma or end after a value at position 3"],
  ["[1}", "no comma or end after a value at position 2"],
  ["[1,]", "no JSON value at position 3"],
  ["[01]", "no comma or end after a value at position 2"],
  ["[1,2,3,4,5]", "too many members at position 9"],
  ['"', "a string without end at position 1"],
  ['"abc', "a string without end at position 4"],
  ['"\\nab', "a string without end at position 5"],
  ['"a\u001f"', "a control character in a string at position 2"],
  ['"\n"', "a control character in a string at position 1"],
  ['{"\n":1}', "a control character in a string at position 2"],
  ['"\\n\u001f"', "a control character in a string at position 3"],
  [' "abcdefghij"', "a string is too long at position 1"],
  [' "abcdefghi\\n"', "a string is too long at position 1"],
  ['"\\', "a string without end at position 2"],
  ['"\\"', "a string without end at position 3"],
  ['"a\\v"', "a malformed escape at position 0"],
  ['"\\U0041"', "a malformed escape at position 0"],
  ['"\\u004"', "a malformed escape at position 0"],
  ['"\\u00g1"', "a malformed escape at position 0"],
  ['"\\u"', "a malformed escape at position 0"],
  ['"\\ud800"', "a lone surrogate at position 0"],
  ['"\\udbff"', "a lone surrogate at position 0"],
  ['"\\udc00\\udc00"', "a lone surrogate at position 0"],
  ['"\\udfff"', "a lone surrogate at position 0"],
  ['"\\ud800\\n"', "a lone surrogate at position 0"],
  ['"\\ud800xudc00"', "a lone surrogate at position 0"],
  ['"\\ud800\\udbff"', "a lone surrogate at position 0"],
  ['"\\ud800\\ue000"', "a lone surrogate at position 0"],
  ["-", "a malformed number at position 0"],
  [" -a", "a malformed number at position 1"],
  ["[-,1]", "a malformed number at position 1"],
  ["[-]", "a malformed number at position 1"],
  ["01", "text after the value at position 1"],
  ["-01", "text after the value at position 2"],
  ["1.", "text after the value at position 1"],
  ["1.e3", "text after the value at position 1"],
  ["1e", "text after the value at position 1"],
  ["1e+", "text after the value at position 1"],
  [`1.${"0".repeat(127)}`, "a number is too long at position 0"],
  ["1e400", "a number that is not finite at position 0"],
  ["-1e400", "a number that is not finite at position 0"],
  ["9007199254740992", "an integer beyond 2^53 - 1 at position 0"],
  ["-9007199254740992", "an integer beyond 2^53 - 1 at position 0"],
  ["[9007199254740992]", "an integer beyond 2^53 - 1 at position 1"],
];

/** Text at the edge of each rule, and what it stands for. */
const READ: readonly (readonly [text: string, value: unknown])[] = [
  [" \n\r\t1\t\r\n ", 1],
  ["0", 0],
  ["9", 9],
  ["-0", -0],
  ["[0]", [0]],
  ["[0,90]", [0, 90]],
  ["[10]", [10]],
  ["[ 1 , 2 ]", [1, 2]],
  ["[12\t]", [12]],
  ["[100000000000000,999999999999999]", [100_000_000_000_000, 999_999_999_999_999]],
  ["[1000000000000001,9007199254740991]", [1_000_000_000_000_001, Number.MAX_SAFE_INTEGER]],
  ["-9007199254740991", Number.MIN_SAFE_INTEGER],
  ["1e300", 1e300],
  ["1.5e300", 1.5e300],
  ["-12e15", -12e15],
  ["[1.25,1E2,1e+2,125e-2]", [1.25, 100, 100, 1.25]],
  ["[-0.5,10.01,0.0,0e0]", [-0.5, 10.01, 0, 0]],
  [`1.${"0".repeat(126)}`, 1],
  ["true", true],
  ["[false,null]", [false, null]],
  ["[]", []],
  ["[ ]", []],
  ["[[[]]]", [[[]]]],
  ["{}", {}],
  ["{ }", {}],
  ['{"a":{"a":{}}}', { a: { a: {} } }],
  [' { "a" : 1 , "b" : [ 2 ] } ', { a: 1, b: [2] }],
  ['{"":1,"a b":2}', { "": 1, "a b": 2 }],
  ['""', ""],
  ['" ~"', " ~"],
  ['"abcdefghi"', "abcdefghi"],
  ['"\\nbcdefghi"', "\nbcdefghi"],
  ['"ab\\n d"', "ab\n d"],
  ['"\\"\\\\\\/"', '"\\/'],
  ['"\\b\\f\\n\\r\\t"', "\b\f\n\r\t"],
  ['"\\u0000\\u0041\\u00e9"', "\u0000Aé"],
  ['"\\uabcd\\uABCD\\uefEF"', "\uabcd\uabcd\uefef"],
  ['"\\ud7ff\\ue000\\uffff"', "\ud7ff\ue000\uffff"],
  ['"\\ud800\\udc00"', "\ud800\udc00"],
  ['"\\udbff\\udfff"', "\udbff\udfff"],
  ['"a\\ud83d\\ude00b"', "a😀b"],
];

describe("what the JSON reader says of a text that it refuses", () => {
  for (const [text, problem] of REFUSED) {
    it(`of ${JSON.stringify(text).slice(0, 60)}: ${problem}`, () => {
      const value = parseJson(text, LIMITS);
      assert.ok(value instanceof JsonProblem);
      assert.equal(value.message, problem);
    });
  }
});

describe("what the JSON reader reads at the edge of a rule", () => {
  for (const [text, expected] of READ) {
    it(JSON.stringify(text).slice(0, 60), () => {
      const value = parseJson(text, LIMITS);
      assert.ok(!(value instanceof JsonProblem), value instanceof JsonProblem ? value.message : "");
      assert.deepEqual(typeof value === "object" ? JSON.parse(JSON.stringify(value)) : value, expected);
    });
  }

  it("and no member at all where none is allowed", () => {
    const none: JsonLimits = { ...LIMITS, maxMembers: 0 };
    for (const text of ["1", "[]", "{}"]) assert.ok(!(parseJson(text, none) instanceof JsonProblem));
    for (const text of ["[1]", '{"a":1}']) assert.ok(parseJson(text, none) instanceof JsonProblem);
  });
});
