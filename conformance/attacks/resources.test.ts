/** Attacks on resources, and on whatever lies between text and meaning (51, 52, 55 to 58). */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ConfigurationError } from "countersign";
import { platform } from "../../packages/engine/src/platform/node.ts";
import { testAttacks } from "../kit/attack-table.ts";
import { expectAcceptance, expectRefusal } from "../kit/expect-verdict.ts";
import {
  createClaims,
  createHeader,
  createScene,
  issueHeader,
  issuePayload,
  issueToken,
  NOW_SECONDS,
} from "../kit/scene.ts";
import { sharedKey } from "../kit/signing-key.ts";

const claimsText = JSON.stringify(createClaims());

/** How often the back end was asked to decode while the tokens were judged. */
async function countDecoding(tokens: readonly string[]): Promise<number> {
  const validator = createScene();
  const decode = mock.method(platform, "decodeBase64url");
  try {
    for (const token of tokens) await validator.validate(token);
    return decode.mock.callCount();
  } finally {
    decode.mock.restore();
  }
}

const LARGE: Readonly<Record<string, () => string>> = {
  "8193 characters": () => "A".repeat(8193),
  "1 MiB of dots": () => ".".repeat(1 << 20),
  "1 MiB of one segment": () => "A".repeat(1 << 20),
  "16 MiB of header": () => `${"A".repeat(1 << 24)}.e30.AAAA`,
  "an honest token past the limit": () => issueToken({ claims: { padding: "x".repeat(8192) } }),
};

testAttacks(
  "J51 more than the limit of bytes",
  Object.entries(LARGE).map(([name, token]) => ({ name, token, reason: "token_too_large" })),
);

test("J51 nothing of a token past the limit, or with too many dots, is decoded", async () => {
  assert.equal(await countDecoding(Object.values(LARGE).map((make) => make())), 0);
  assert.equal(await countDecoding([".".repeat(8192), "A.".repeat(4096), "a.b.c.d"]), 0);
  assert.ok((await countDecoding([issueToken()])) > 0);
});

testAttacks("J51 many dots within the limit", [
  { name: "8192 dots", token: () => ".".repeat(8192), reason: "malformed_token" },
  { name: "4096 segments of one character", token: () => "A.".repeat(4096), reason: "malformed_token" },
  { name: "a header of 2049 bytes", token: () => issueHeader(" ".repeat(2049)), reason: "malformed_token" },
]);

test("J51 the limit is exact: a token of its length passes, one byte less of limit refuses it", async () => {
  const token = issueToken();
  const tokenBytes = token.length;
  await expectAcceptance(createScene({ validator: { limits: { tokenBytes } } }), token);
  const tighter = createScene({ validator: { limits: { tokenBytes: tokenBytes - 1 } } });
  await expectRefusal(tighter, token, "token_too_large");
});

function withMember(member: string): string {
  return issuePayload(`{${member},${claimsText.slice(1)}`);
}

const WIDE = { validator: { limits: { tokenBytes: 65_536 } } } as const;

testAttacks(
  "J52 JSON that is deep, wide or long",
  [
    ...[16, 17, 100, 1000, 10_000].map((depth) => ({
      name: `${depth} arrays inside the claims`,
      token: () => withMember(`"deep":${"[".repeat(depth)}${"]".repeat(depth)}`),
      reason: "malformed_token" as const,
    })),
    ...[16, 5000].map((depth) => ({
      name: `${depth} objects inside the claims`,
      token: () => withMember(`"deep":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
      reason: "malformed_token" as const,
    })),
    {
      name: "brackets that never close",
      token: () => withMember(`"deep":${"[".repeat(20_000)}`),
      reason: "malformed_token",
    },
    {
      name: "513 members",
      token: () => withMember(Array.from({ length: 505 }, (_, index) => `"m${index}":0`).join()),
      reason: "malformed_token",
    },
    {
      name: "513 elements",
      token: () => withMember(`"list":[${"0,".repeat(505)}0]`),
      reason: "malformed_token",
    },
    {
      name: "a number of 40 000 digits",
      token: () => withMember(`"n":${"1".repeat(40_000)}`),
      reason: "malformed_token",
    },
    {
      name: "a number of 40 000 digits behind the point",
      token: () => withMember(`"n":0.${"1".repeat(40_000)}`),
      reason: "malformed_token",
    },
    {
      name: "numbers with an exponent of 20 digits",
      token: () => withMember('"n":1e99999999999999999999'),
      reason: "malformed_token",
    },
    {
      name: "40 000 blanks and nothing",
      token: () => issuePayload(" ".repeat(40_000)),
      reason: "malformed_token",
    },
  ],
  () => createScene(WIDE),
);

test("J52 what is just within the bounds passes: depth 16, 512 members, and blanks", async () => {
  const validator = createScene(WIDE);
  await expectAcceptance(validator, withMember(`"deep":${"[".repeat(15)}${"]".repeat(15)}`));
  await expectAcceptance(
    validator,
    withMember(Array.from({ length: 504 }, (_, index) => `"m${index}":0`).join()),
  );
  await expectAcceptance(validator, issuePayload(`${" ".repeat(20_000)}${claimsText}${"\n".repeat(20_000)}`));
});

test("J55 patterns cannot be configured where text is compared", () => {
  for (const pattern of [/.*/, /^https/g, /x/y]) {
    const text = pattern as unknown as string;
    assert.throws(() => createScene({ issuer: { issuer: text } }), ConfigurationError);
    assert.throws(() => createScene({ issuer: { audiences: [text] } }), ConfigurationError);
    assert.throws(() => createScene({ issuer: { audiences: text as never } }), ConfigurationError);
    assert.throws(() => createScene({ issuer: { types: [text] } }), ConfigurationError);
  }
});

test("J55 a thousand verifications in turn give the same answers", async () => {
  const validator = createScene();
  const [good, bad] = [issueToken(), issueToken({ claims: { aud: "https://other.example" } })];
  for (let round = 0; round < 1000; round++) {
    assert.equal((await validator.validate(good)).ok, true);
    const refused = await validator.validate(bad);
    assert.equal(refused.ok ? "ok" : refused.reason, "audience_mismatch");
  }
});

function octets(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

const [beforeSubject = "", afterSubject = ""] = claimsText.split("user-1");

function withSubjectOctets(subject: string): string {
  return issuePayload(octets(`${beforeSubject}${subject}${afterSubject}`));
}

testAttacks("J56 text that is no Unicode, and another encoding than UTF-8", [
  ...(
    [
      ["a lone continuation octet", "\x80"],
      ["a sequence cut short", "\xe2\x82"],
      ["an overlong slash", "\xc0\xaf"],
      ["an overlong NUL", "\xc0\x80"],
      ["an overlong quotation mark", "\xe0\x80\xa2"],
      ["a surrogate in UTF-8", "\xed\xa0\x80"],
      ["a pair of surrogates in UTF-8 (CESU-8)", "\xed\xa0\xbd\xed\xb8\x80"],
      ["a point past U+10FFFF", "\xf4\x90\x80\x80"],
      ["an octet that never occurs", "\xff"],
    ] as const
  ).map(([name, subject]) => ({
    name,
    token: () => withSubjectOctets(subject),
    reason: "malformed_token" as const,
  })),
  ...["\\ud800", "\\udc00", "\\udc00\\ud800", "\\ud800x", "\\ud800\\n", "\\ud83d\\ud83d\\ude00"].map(
    (written) => ({
      name: `the escape ${written}`,
      token: () => issuePayload(claimsText.replace("user-1", written)),
      reason: "malformed_token" as const,
    }),
  ),
  {
    name: "a byte order mark before the payload",
    token: () => issuePayload(`\ufeff${claimsText}`),
    reason: "malformed_token",
  },
  {
    name: "a byte order mark before the header",
    token: () => issueHeader(`\ufeff${JSON.stringify(createHeader(sharedKey("ES256")))}`),
    reason: "malformed_token",
  },
  {
    name: "UTF-16",
    token: () => issuePayload(Buffer.from(claimsText, "utf16le")),
    reason: "malformed_token",
  },
  {
    name: "UTF-16 with a mark",
    token: () => issuePayload(Buffer.from(`\ufeff${claimsText}`, "utf16le")),
    reason: "malformed_token",
  },
  {
    name: "UTF-32",
    token: () =>
      issuePayload(Buffer.from([...claimsText].map((letter) => `${letter}\0\0\0`).join(""), "latin1")),
    reason: "malformed_token",
  },
]);

testAttacks("J56 identifiers with control characters, and names that only look alike", [
  ...["\u0000", "user\u0000admin", "a\r\nb", "\u001b[31m", "\u007f", "\u0085"].flatMap((text) =>
    ["sub", "jti", "client_id"].map((name) => ({
      name: `${name} ${JSON.stringify(text)}`,
      token: () => issueToken({ claims: { [name]: text } }),
      reason: "claim_invalid" as const,
    })),
  ),
  ...[
    "https://issuer.exa\u0301mple/",
    "https://issuer.ex\u00e1mple/",
    "https://iss\u200buer.example/",
    "https://\u202eissuer.example/",
  ].map((iss) => ({
    name: JSON.stringify(iss),
    token: () => issueToken({ claims: { iss } }),
    reason: "issuer_untrusted" as const,
  })),
]);

test("J56 composed and decomposed text are two issuers, and neither is the other", async () => {
  const [composed, decomposed] = ["https://caf\u00e9.example/", "https://cafe\u0301.example/"];
  const validator = createScene({ issuer: { issuer: composed, name: "cafe" } });
  await expectAcceptance(validator, issueToken({ claims: { iss: composed } }));
  await expectRefusal(validator, issueToken({ claims: { iss: decomposed } }), "issuer_untrusted");
});

const POLLUTION = '"__proto__":{"polluted":true}';

testAttacks("J57 a member named __proto__, anywhere", [
  { name: "in the payload", token: () => withMember(POLLUTION), reason: "malformed_token" },
  {
    name: "in the payload, escaped",
    token: () => withMember('"\\u005f_proto__":{"polluted":true}'),
    reason: "malformed_token",
  },
  { name: "inside a claim", token: () => withMember(`"act":{${POLLUTION}}`), reason: "malformed_token" },
  { name: "inside an array", token: () => withMember(`"list":[{${POLLUTION}}]`), reason: "malformed_token" },
  {
    name: "in the header",
    token: () => issueHeader(`{${POLLUTION},${JSON.stringify(createHeader(sharedKey("ES256"))).slice(1)}`),
    reason: "malformed_token",
  },
]);

test("J57 names that every object has are claims like any other, and grant nothing", async () => {
  const names = ["constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then", "toJSON"];
  const claims = Object.fromEntries(names.map((name) => [name, { prototype: { polluted: true } }]));
  const accepted = await expectAcceptance(createScene(), issueToken({ claims }));
  for (const name of names) assert.ok(accepted.token.claims[name] !== undefined);
  assert.equal(Object.getPrototypeOf(accepted.token.claims), null);
  assert.equal(Object.getPrototypeOf(accepted.token.header), null);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  const { kind, roles, scopes } = accepted.principal;
  assert.deepEqual({ kind, roles, scopes }, { kind: "user", roles: [], scopes: ["read"] });
});

test("J57 scopes and roles named like members of objects are only text", async () => {
  const claims = { scope: "__proto__ constructor", roles: ["__proto__", "toString"] };
  const accepted = await expectAcceptance(createScene(), issueToken({ claims }));
  assert.deepEqual(accepted.principal.scopes, ["__proto__", "constructor"]);
  assert.deepEqual(accepted.principal.roles, ["__proto__", "toString"]);
});

test("J57 a key and options with a __proto__ member change no object", () => {
  const jwk = JSON.parse(
    `{"__proto__":{"polluted":true},${JSON.stringify(sharedKey("ES256").publicJwk).slice(1)}`,
  );
  createScene({ jwks: [jwk] });
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  const hidden = Object.create(sharedKey("ES256").publicJwk) as object;
  assert.throws(() => createScene({ jwks: [hidden] }), ConfigurationError);
});

testAttacks(
  "J58 numbers that two readers would read as two",
  ["9007199254740992", "9007199254740993", "-9007199254740992", "1e400", "-1e400", "00", "1e", "--1"].map(
    (literal) => ({
      name: `a claim of ${literal}`,
      token: () => withMember(`"uid":${literal}`),
      reason: "malformed_token" as const,
    }),
  ),
);

test("J58 numbers with one meaning keep it", async () => {
  const numbers = { "9007199254740991": 9007199254740991, "1e2": 100, "-0": -0, "0.5": 0.5, "1E+2": 100 };
  for (const [literal, value] of Object.entries(numbers)) {
    const accepted = await expectAcceptance(createScene(), withMember(`"uid":${literal}`));
    assert.ok(Object.is(accepted.token.claims["uid"], value), literal);
  }
  const seconds = `${(NOW_SECONDS + 100) / 100}e2`;
  await expectAcceptance(createScene(), issuePayload(claimsText.replace(/"exp":\d+/, `"exp":${seconds}`)));
});
