import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type JsonLimits, JsonProblem, parseJson } from "../../packages/engine/src/token/json-reader.ts";
import { parseToken } from "../../packages/engine/src/token/parse-token.ts";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { encodePart } from "../kit/raw-token.ts";

const LIMITS: JsonLimits = { maxDepth: 16, maxMembers: 512, maxStringLength: 65_536 };

function withPrototypes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The reader is given what a strict UTF-8 decoder gives. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** JSON with one piece changed: mostly no JSON any more, or JSON that only one reader takes. */
const nearlyJson: fc.Arbitrary<string> = fc
  .tuple(
    fc.json({ maxDepth: 5, stringUnit: "grapheme" }),
    fc.nat(),
    fc.constantFrom(
      "",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "\\",
      "\\u0061",
      "\\ud800",
      "\\u",
      "0",
      "-",
      ".",
      "e9",
      "1e999",
      " ",
      "\n",
      "\u0000",
      "\u00a0",
      "\ufeff",
      "//",
      "null",
      '"a":1,',
      '"__proto__":1,',
      "'",
    ),
    fc.nat(2),
  )
  .map(([text, at, piece, taken]) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + piece + text.slice(index + taken);
  })
  .filter(isWellFormed);

test("what the strict reader accepts is what JSON.parse reads", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(nearlyJson, fc.json(), fc.string({ unit: "grapheme" })), (text) => {
      fc.pre(isWellFormed(text));
      const value = parseJson(text, LIMITS);
      if (value instanceof JsonProblem) return;
      accepted++;
      assert.deepEqual(withPrototypes(value), withPrototypes(JSON.parse(text)));
    }),
    { numRuns: fuzzRuns(20_000) },
  );
  assert.ok(accepted > 500, `${accepted}`);
});

/** Values without anything that the reader refuses on purpose. */
const plainValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc
      .double({ noDefaultInfinity: true, noNaN: true })
      .filter((number) => !/^-?\d+$/.test(String(number)) || Number.isSafeInteger(number)),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      fc.string({ unit: "grapheme" }).filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 5 },
    ),
  ),
})).value;

test("the strict reader reads every value that nothing is wrong with, in every layout", () => {
  fc.assert(
    fc.property(plainValue, fc.constantFrom(undefined, 1, "\t"), (value, indentation) => {
      const text = JSON.stringify(value, undefined, indentation);
      const read = parseJson(text, LIMITS);
      assert.ok(
        !(read instanceof JsonProblem),
        read instanceof JsonProblem ? `${read.message}: ${text}` : "",
      );
      assert.deepEqual(withPrototypes(read), JSON.parse(text));
    }),
    { numRuns: fuzzRuns(10_000) },
  );
});

test("the strict reader and the token parser answer any text and any octets, and throw for none", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "binary-ascii", maxLength: 200 }),
    nearlyJson,
  );
  fc.assert(
    fc.property(anyText, fc.uint8Array({ maxLength: 200 }), (text, octets) => {
      parseJson(text, LIMITS);
      parseToken(text, { maxBytes: 8192 });
      parseToken(`${encodePart(octets)}.${encodePart(text)}.AAAA`, { maxBytes: 8192 });
      parseToken(`${encodePart('{"alg":"ES256"}')}.${encodePart(octets)}.AAAA`, { maxBytes: 8192 });
      parseToken(`${encodePart(text)}.${encodePart(octets)}.${text}`, { maxBytes: 8192 });
    }),
    { numRuns: fuzzRuns(3000) },
  );
});
