import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Refusal } from "../../src/refusal.ts";
import { parseToken } from "../../src/token/parse-token.ts";

const encode = (text: string): string => Buffer.from(text).toString("base64url");

const HEADER = encode('{"alg":"ES256"}');
const PAYLOAD = encode('{"iss":"i"}');
const MAX_BYTES = 200_000;

/** The reason and both texts of what is refused; undefined where it is not. */
function describeRefusal(text: unknown, maxBytes = MAX_BYTES): readonly unknown[] | undefined {
  const result = parseToken(text, { maxBytes });
  return result instanceof Refusal
    ? [result.reason, result.expected, result.found, result.retryAfterSeconds]
    : undefined;
}

type Row = readonly [
  name: string,
  text: unknown,
  reason: string,
  expected: string,
  found: string | undefined,
];

const SEGMENTS = "three segments, the first not empty";
const BASE64URL = "base64url without padding (RFC 7515 section 2)";
const CANONICAL = "canonical base64url (RFC 4648 section 3.5)";
const LOOSE = "an impossible length or unused bits that are not zero";

const FORMS: readonly Row[] = [
  ["a number", 7, "malformed_token", "a string", "a number"],
  ["nothing", undefined, "malformed_token", "a string", "nothing"],
  ["an empty text", "", "malformed_token", SEGMENTS, "1 segments"],
  ["a text without dots", "a", "malformed_token", SEGMENTS, "1 segments"],
  ["two segments", `${HEADER}.${PAYLOAD}`, "malformed_token", SEGMENTS, "2 segments"],
  ["four segments", "a.b.c.d", "malformed_token", SEGMENTS, "4 segments"],
  ["four segments, the first empty", ".b.c.d", "malformed_token", SEGMENTS, "4 segments"],
  ["six segments", "a.b.c.d.e.f", "malformed_token", SEGMENTS, "6 segments"],
  ["dots alone", "..", "malformed_token", SEGMENTS, "3 segments"],
  ["an empty header", `.${PAYLOAD}.QQ`, "malformed_token", SEGMENTS, "3 segments"],
  ["five segments", "a.b.c.d.e", "encryption_unsupported", "three segments (JWS)", "five segments (JWE)"],
  ["five segments with another character", "a.b.c.d.e=", "malformed_token", SEGMENTS, "5 segments"],
  ["five segments after a space", " a.b.c.d.e", "malformed_token", SEGMENTS, "5 segments"],
  [
    "padding",
    `${HEADER}.${PAYLOAD}.QQ=`,
    "malformed_token",
    BASE64URL,
    `another character at position ${HEADER.length + PAYLOAD.length + 4}`,
  ],
  [
    "a space in front",
    ` ${HEADER}.${PAYLOAD}.QQ`,
    "malformed_token",
    BASE64URL,
    "another character at position 0",
  ],
  ["unused bits in the header", `QR.${PAYLOAD}.QQ`, "malformed_token", CANONICAL, LOOSE],
  ["unused bits in the payload", `${HEADER}.QR.QQ`, "malformed_token", CANONICAL, LOOSE],
  ["unused bits in the signature", `${HEADER}.${PAYLOAD}.QQB`, "malformed_token", CANONICAL, LOOSE],
  ["an impossible length", `${HEADER}.${PAYLOAD}.Q`, "malformed_token", CANONICAL, LOOSE],
  [
    "a header that is no UTF-8",
    `${Buffer.from([0xff]).toString("base64url")}.${PAYLOAD}.QQ`,
    "malformed_token",
    "a header in UTF-8",
    undefined,
  ],
  [
    "a payload that is no UTF-8",
    `${HEADER}.${Buffer.from([0xff]).toString("base64url")}.QQ`,
    "malformed_token",
    "a payload in UTF-8",
    undefined,
  ],
  [
    "a header that is no JSON",
    `${encode('{"alg"')}.${PAYLOAD}.QQ`,
    "malformed_token",
    "a header of strict JSON",
    "no colon after a member name at position 6",
  ],
  [
    "an empty payload",
    `${HEADER}..QQ`,
    "malformed_token",
    "a payload of strict JSON",
    "no JSON value at position 0",
  ],
];

const KINDS: readonly (readonly [json: string, kind: string])[] = [
  ["null", "null"],
  ["[]", "an empty array"],
  ['""', "an empty string"],
  ['"s"', "a string"],
  ["1", "a number"],
  ["false", "a boolean"],
];

const KID = "kid to be a string of 1 to 256 characters without control characters";

const HEADERS: readonly Row[] = [
  ["no alg", "{}", "malformed_token", "alg to be a string", "nothing"],
  ["an empty alg", '{"alg":""}', "malformed_token", "alg to be a string", "an empty string"],
  ["alg as an object", '{"alg":{}}', "malformed_token", "alg to be a string", "an object"],
  ["crit", '{"alg":"a","crit":["b64"]}', "critical_header_unsupported", "no crit", "crit"],
  ["b64", '{"alg":"a","b64":true}', "critical_header_unsupported", "no b64", "b64"],
  ["an empty kid", '{"alg":"a","kid":""}', "malformed_token", KID, "an empty string"],
  ["kid as null", '{"alg":"a","kid":null}', "malformed_token", KID, "null"],
  ["kid with a line break", '{"alg":"a","kid":"a\\nb"}', "malformed_token", KID, "a string"],
  ["kid with a C1 control", '{"alg":"a","kid":"\u0085"}', "malformed_token", KID, "a string"],
  [
    "kid of 257 characters",
    JSON.stringify({ alg: "a", kid: "k".repeat(257) }),
    "malformed_token",
    KID,
    "a string",
  ],
  ["typ as null", '{"alg":"a","typ":null}', "malformed_token", "typ to be a string", "null"],
  ["cty as a number", '{"alg":"a","cty":1}', "malformed_token", "cty to be a string", "a number"],
  ...["JWT", "jwt", "application/jwt", "Application/JWT"].map(
    (cty): Row => [
      `cty ${cty}`,
      JSON.stringify({ alg: "a", cty }),
      "type_mismatch",
      "a token that is not nested",
      "cty JWT",
    ],
  ),
];

describe("what is said of a token without the right form", () => {
  for (const [name, text, ...said] of FORMS) {
    it(`that has ${name}`, () => assert.deepEqual(describeRefusal(text), [...said, undefined]));
  }

  for (const [json, kind] of KINDS) {
    it(`whose header or payload is ${kind}`, () => {
      for (const [part, text] of [
        ["header", `${encode(json)}.${PAYLOAD}.QQ`],
        ["payload", `${HEADER}.${encode(json)}.QQ`],
      ]) {
        const expected = `a ${part} that is a JSON object`;
        assert.deepEqual(describeRefusal(text), ["malformed_token", expected, kind, undefined]);
      }
    });
  }

  it("that is longer than the limit, which counts before the kind of text", () => {
    assert.deepEqual(describeRefusal(".....", 4), [
      "token_too_large",
      "at most 4 bytes",
      "5 bytes",
      undefined,
    ]);
    assert.equal(describeRefusal(".....", 5)?.[0], "malformed_token");
  });

  it("that has a header of more than 2048 bytes", () => {
    const fill = (bytes: number): string => encode(`{"alg":"a"}${" ".repeat(bytes - 11)}`);
    assert.equal(describeRefusal(`${fill(2048)}.${PAYLOAD}.QQ`), undefined);
    const said = ["malformed_token", "a header of at most 2048 bytes", undefined, undefined];
    assert.deepEqual(describeRefusal(`${fill(2049)}.${PAYLOAD}.QQ`), said);
  });
});

describe("what is said of a header", () => {
  for (const [name, json, ...said] of HEADERS) {
    it(`that has ${name}`, () => {
      assert.deepEqual(describeRefusal(`${encode(json as string)}.${PAYLOAD}.QQ`), [...said, undefined]);
    });
  }

  it("nothing, where each member only resembles what is refused", () => {
    for (const header of [
      { alg: "a", kid: "k", typ: "", cty: "" },
      { alg: "a", kid: "ä ".repeat(128) },
      { alg: "a", cty: "jwt+x" },
      { alg: "a", cty: "xjwt" },
      { alg: "a", cty: "application/jwt-x" },
      { alg: "a", cty: "x-application/jwt" },
      { alg: "a", CRIT: 1, B64: 1 },
    ]) {
      assert.equal(describeRefusal(`${encode(JSON.stringify(header))}.${PAYLOAD}.QQ`), undefined);
    }
  });
});

describe("the bounds of a token's JSON", () => {
  const rows: readonly (readonly [name: string, within: string, over: string, problem: string])[] = [
    [
      "16 levels",
      `{"a":${"[".repeat(15)}${"]".repeat(15)}}`,
      `{"a":${"[".repeat(16)}${"]".repeat(16)}}`,
      "nesting too deep at position 20",
    ],
    [
      "512 members",
      `{"a":[${"1,".repeat(510)}1]}`,
      `{"a":[${"1,".repeat(511)}1]}`,
      "too many members at position 1028",
    ],
    [
      "65536 characters of a string",
      `{"a":"${"b".repeat(65_536)}"}`,
      `{"a":"${"b".repeat(65_537)}"}`,
      "a string is too long at position 5",
    ],
  ];
  for (const [name, within, over, problem] of rows) {
    it(`are ${name}`, () => {
      assert.equal(describeRefusal(`${HEADER}.${encode(within)}.QQ`), undefined);
      const said = ["malformed_token", "a payload of strict JSON", problem, undefined];
      assert.deepEqual(describeRefusal(`${HEADER}.${encode(over)}.QQ`), said);
    });
  }
});

describe("a remembered header", () => {
  it("is asked for by its segment, and decoded where none is remembered", () => {
    const asked: string[] = [];
    const knownHeader = (segment: string): undefined => {
      asked.push(segment);
    };
    const token = parseToken(`${HEADER}.${PAYLOAD}.QQ`, { maxBytes: MAX_BYTES, knownHeader });
    assert.ok(!(token instanceof Refusal));
    assert.equal(token.header.alg, "ES256");
    assert.deepEqual(asked, [HEADER]);
  });
});
