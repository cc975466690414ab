/** Attacks on the form: encodings, serializations, duplicates, crit (17, 19, 24 to 30, 33 and 54). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import type { ReasonName } from "countersign";
import { CompactEncrypt, importJWK } from "jose";
import { type Attack, testAttacks } from "../kit/attack-table.ts";
import { expectRefusal } from "../kit/expect-verdict.ts";
import {
  encodePart,
  joinSegments,
  respellSegment,
  type Segments,
  signSegments,
  splitToken,
} from "../kit/raw-token.ts";
import {
  type Claims,
  createClaims,
  createHeader,
  createScene,
  issueHeader,
  issuePayload,
  issueToken,
  NOW_SECONDS,
} from "../kit/scene.ts";
import { sharedKey } from "../kit/signing-key.ts";

const key = sharedKey("ES256");
const NAMES = ["header", "payload", "signature"] as const;

/** A token each of whose segments has unused bits, signed as it stands. */
function createLooseToken(): Segments {
  const header = encodePart(`${JSON.stringify(createHeader(key))} `.padEnd(100));
  const payload = encodePart(`${JSON.stringify(createClaims())} `.padEnd(400));
  return splitToken(signSegments(`${header}.${payload}`, { key }));
}

/** Other spellings of one segment; header and payload are signed as they are spelt. */
function respell(name: keyof Segments, edit: (segment: string) => string): string {
  const segments = createLooseToken();
  const changed = { ...segments, [name]: edit(segments[name]) };
  if (name === "signature") return joinSegments(changed);
  return signSegments(`${changed.header}.${changed.payload}`, { key });
}

const SPELLINGS: Readonly<Record<string, (segment: string) => string>> = {
  "= behind it": (segment) => `${segment}=`,
  "== behind it": (segment) => `${segment}==`,
  "a space before it": (segment) => ` ${segment}`,
  "a space behind it": (segment) => `${segment} `,
  "a line end inside": (segment) => `${segment.slice(0, 8)}\n${segment.slice(8)}`,
  "a tab inside": (segment) => `${segment.slice(0, 8)}\t${segment.slice(8)}`,
  "+ inside": (segment) => `${segment.slice(0, 8)}+${segment.slice(9)}`,
  "/ inside": (segment) => `${segment.slice(0, 8)}/${segment.slice(9)}`,
  "% encoding": (segment) => `%${segment.charCodeAt(0).toString(16)}${segment.slice(1)}`,
  "NUL behind it": (segment) => `${segment}\u0000`,
  "a full-width letter": (segment) => `${segment}\uff21`,
  "a character too many": (segment) => `${segment}${"A".repeat((5 - (segment.length % 4)) % 4 || 4)}`,
  "! inside": (segment) => `${segment.slice(0, 8)}!${segment.slice(8)}`,
};

testAttacks(
  "J17 base64url in another spelling, in each of the three segments",
  NAMES.flatMap((name) =>
    Object.entries(SPELLINGS).map(([title, edit]) => ({
      name: `${name} with ${title}`,
      token: () => respell(name, edit),
      reason: "malformed_token" as const,
    })),
  ),
);

test("J17 every setting of the unused bits but zero is refused, in each of the three segments", async (context) => {
  const segments = createLooseToken();
  for (const name of NAMES) {
    const spellings = respellSegment(segments[name]);
    await context.test(`${name}, ${spellings.length} spellings`, async () => {
      assert.ok(spellings.length > 0);
      for (const spelling of spellings) {
        await expectRefusal(
          createScene(),
          respell(name, () => spelling),
          "malformed_token",
        );
      }
    });
  }
});

const JWE_PARTS = `${"A".repeat(342)}.${"A".repeat(16)}.${"A".repeat(40)}.${"A".repeat(22)}`;

function encryptedWith(header: Claims): string {
  return `${encodePart(header)}.${JWE_PARTS}`;
}

testAttacks("J19 an encrypted token with an ephemeral key off its curve is not even tried", [
  {
    name: "ECDH-ES with epk (0, 1)",
    token: () =>
      encryptedWith({
        alg: "ECDH-ES",
        enc: "A128GCM",
        epk: { kty: "EC", crv: "P-256", x: "A".repeat(43), y: `${"A".repeat(42)}E` },
      }),
    reason: "encryption_unsupported",
  },
]);

const headerText = JSON.stringify(createHeader(key));
const claimsText = JSON.stringify(createClaims());

function insertMember(text: string, member: string): string {
  return `{${member},${text.slice(1)}`;
}

testAttacks(
  "J24 a header member twice",
  [
    '"alg":"none"',
    '"alg":"ES256"',
    '"\\u0061lg":"none"',
    '"a\\u006Cg":"none"',
    '"kid":"es256"',
    '"\\u006bid":"other"',
    '"typ":"JWT"',
    '"x":1,"x":2',
  ].map((member) => ({
    name: member,
    token: () => issueHeader(insertMember(headerText, member)),
    reason: "malformed_token",
  })),
);

testAttacks(
  "J25 a claim twice, at any depth",
  [
    `"exp":${NOW_SECONDS - 1000}`,
    `"exp":${NOW_SECONDS + 1000}`,
    `"\\u0065xp":${NOW_SECONDS + 1000}`,
    '"sub":"admin"',
    '"s\\u0075b":"admin"',
    '"iss":"https://evil.example/"',
    '"aud":"https://other.example"',
    '"scope":"admin"',
    '"deep":{"a":1,"a":2}',
    '"deep":[{"a":{"b":1,"\\u0062":2}}]',
    '"":1,"":2',
  ].map((member) => ({
    name: member,
    token: () => issuePayload(insertMember(claimsText, member)),
    reason: "malformed_token",
  })),
);

const { header, payload, signature } = splitToken(issueToken());

testAttacks("J26 other serializations, and texts that are two at once", [
  ...[
    ["flattened", JSON.stringify({ protected: header, payload, signature })],
    ["general", JSON.stringify({ payload, signatures: [{ protected: header, signature }] })],
    ["general without signatures", JSON.stringify({ payload, signatures: [] })],
    ["a compact token as a member name", `{"  ${header}.${payload}.${signature}":"x"}`],
    [
      "a compact token inside JSON",
      JSON.stringify({ [`${header}.`]: { payload, protected: header, signature } }),
    ],
    ["a JSON string", JSON.stringify(`${header}.${payload}.${signature}`)],
    ["two tokens with a comma", `${header}.${payload}.${signature},${header}.${payload}.${signature}`],
    ["two tokens with a space", `${header}.${payload}.${signature} ${header}.${payload}.${signature}`],
    ["one segment", header],
    ["two segments", `${header}.${payload}`],
    ["four segments", `${header}.${payload}.${signature}.${signature}`],
    ["six segments", `${header}.${payload}.${signature}.${header}.${payload}.${signature}`],
    ["an empty header", `.${payload}.${signature}`],
    ["an empty payload", `${header}..${signature}`],
    ["two dots", ".."],
    ["nothing", ""],
    ["a disclosure behind it (SD-JWT)", `${header}.${payload}.${signature}~WyJzYWx0Il0~`],
    ["the scheme before it", `Bearer ${header}.${payload}.${signature}`],
  ].map(([name, token]) => ({ name: String(name), token: () => token, reason: "malformed_token" as const })),
  ...[undefined, null, 1, {}, [], { protected: header, payload, signature }, new Uint8Array(8)].map(
    (token) => ({
      name: `${Object.prototype.toString.call(token)} in place of a string`,
      token: () => token,
      reason: "malformed_token" as const,
    }),
  ),
]);

testAttacks("J27 an unprotected header has no place to stand", [
  {
    name: "alg in the unprotected header",
    token: () => JSON.stringify({ header: { alg: "none" }, payload, signature: "" }),
    reason: "malformed_token",
  },
  {
    name: "alg in both headers",
    token: () => JSON.stringify({ protected: header, header: { alg: "none" }, payload, signature }),
    reason: "malformed_token",
  },
]);

test("J28 an encrypted token is never taken for a signed one, though we publish the key that it is for", async (context) => {
  const rsa = sharedKey("RS256");
  const validator = createScene({ keys: [rsa] });
  const { alg, use, ...open } = rsa.publicJwk;
  const publicKey = await importJWK(open, "RSA-OAEP-256");
  const contents: Readonly<Record<string, string>> = {
    "bare claims": claimsText,
    "an unsigned token": `${encodePart({ alg: "none" })}.${encodePart(claimsText)}.`,
    "a signed token": issueToken({ key: rsa }),
  };
  for (const [name, content] of Object.entries(contents)) {
    await context.test(name, async () => {
      const token = await new CompactEncrypt(Buffer.from(content))
        .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: rsa.keyId, cty: "JWT" })
        .encrypt(publicKey);
      await expectRefusal(validator, token, "encryption_unsupported");
    });
  }
});

const EXTENSION = "urn:example:extension";

testAttacks(
  "J29 any crit: no extension is understood, and a wrong crit is none",
  (
    [
      ["an unknown extension", { crit: [EXTENSION], [EXTENSION]: 1 }],
      ["an extension that is absent", { crit: [EXTENSION] }],
      ["an empty list", { crit: [] }],
      ["a string", { crit: EXTENSION, [EXTENSION]: 1 }],
      ["an object", { crit: { [EXTENSION]: true } }],
      ["null", { crit: null }],
      ["false", { crit: false }],
      ["a number inside", { crit: [1] }],
      ["a name twice", { crit: [EXTENSION, EXTENSION], [EXTENSION]: 1 }],
      ["a registered name", { crit: ["alg"] }],
      ["exp, as RFC 7515 appendix E has it", { crit: ["exp"], exp: NOW_SECONDS }],
      ["a name that every object has", { crit: ["toString"] }],
      ["an empty name", { crit: [""], "": 1 }],
      ["b64", { crit: ["b64"], b64: true }],
    ] as const
  ).map(([name, changes]) => ({
    name,
    token: () => issueToken({ header: changes }),
    reason: "critical_header_unsupported",
  })),
);

function signUnencoded(changes: object): string {
  // RFC 7797 section 3: the payload is signed as it is; without dots it may stand in a compact token.
  const head = encodePart({ ...createHeader(key), ...changes });
  const text = "pay_load";
  return `${head}.${text}.${encodePart(key.sign(`${head}.${text}`))}`;
}

testAttacks("J30 an unencoded payload (b64), with and without crit", [
  ...[
    { b64: false, crit: ["b64"] },
    { b64: false },
    { b64: true },
    { b64: "false" },
    { b64: null },
    { b64: 0, crit: ["b64"] },
  ].map((changes) => ({
    name: `${JSON.stringify(changes)} with an encoded payload`,
    token: () => issueToken({ header: changes }),
    reason: "critical_header_unsupported" as ReasonName,
  })),
  ...[{ b64: false, crit: ["b64"] }, { b64: false }].map((changes) => ({
    name: `${JSON.stringify(changes)} with an unencoded payload`,
    token: () => signUnencoded(changes),
    reason: "critical_header_unsupported" as ReasonName,
  })),
]);

const NOT_AN_OBJECT: readonly Attack[] = [
  "[]",
  `[${claimsText}]`,
  '"text"',
  "1",
  "null",
  "true",
  "",
  " ",
  "{",
  "{}{}",
  `${claimsText},`,
  `${claimsText}x`,
  `/**/${claimsText}`,
  claimsText.replaceAll('"', "'"),
  claimsText.replace('"sub"', "sub"),
  claimsText.replace("}", ",}"),
  claimsText.replace("{", "{,"),
  claimsText.replace(/"exp":\d+/, '"exp":+1'),
  claimsText.replace(/"exp":\d+/, '"exp":01'),
  claimsText.replace(/"exp":\d+/, '"exp":.5'),
  claimsText.replace(/"exp":\d+/, '"exp":5.'),
  claimsText.replace(/"exp":\d+/, '"exp":0x5'),
  claimsText.replace(/"exp":\d+/, '"exp":NaN'),
  claimsText.replace(/"exp":\d+/, '"exp":Infinity'),
  claimsText.replace(/"exp":\d+/, '"exp":1_000'),
  claimsText.replace("user-1", "user\n1"),
  claimsText.replace("user-1", "user\\x31"),
  claimsText.replace("user-1", "user\\u00g1"),
].map((text) => ({
  name: JSON.stringify(text.slice(0, 30)),
  token: () => issuePayload(text),
  reason: "malformed_token",
}));

testAttacks("J33 a signed payload that is no JSON object", NOT_AN_OBJECT);

testAttacks(
  "J33 a header that is no JSON object",
  NOT_AN_OBJECT.slice(0, 12).map(({ name }) => ({
    name,
    token: () => issueHeader(JSON.parse(name) as string),
    reason: "malformed_token",
  })),
);

testAttacks("J53 compression (zip) is never undone", [
  {
    name: "a signed payload that is compressed",
    token: () =>
      signSegments(
        `${encodePart(createHeader(key, { zip: "DEF" }))}.${encodePart(deflateRawSync(claimsText))}`,
        { key },
      ),
    reason: "malformed_token",
  },
  {
    name: "an encrypted token that would grow a thousandfold",
    token: () => encryptedWith({ alg: "dir", enc: "A128GCM", zip: "DEF" }),
    reason: "encryption_unsupported",
  },
]);

testAttacks("J54 a password-based key with 2^31 - 1 iterations is never derived", [
  {
    name: "encrypted",
    token: () =>
      encryptedWith({ alg: "PBES2-HS512+A256KW", enc: "A128GCM", p2c: 2_147_483_647, p2s: "AAAA" }),
    reason: "encryption_unsupported",
  },
  {
    name: "signed",
    token: () => issueToken({ header: { alg: "PBES2-HS512+A256KW", p2c: 2_147_483_647, p2s: "AAAA" } }),
    reason: "algorithm_not_allowed",
  },
]);
