import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Refusal } from "../../src/refusal.ts";
import { inspectToken } from "../../src/token/inspect-token.ts";
import { MAX_HEADER_BYTES, parseToken, type UnverifiedToken } from "../../src/token/parse-token.ts";

const encode = (text: string | Uint8Array): string => Buffer.from(text as string).toString("base64url");

function compact(header: unknown, payload: unknown = { iss: "i" }, signature = "c2ln"): string {
  const part = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  return `${encode(part(header))}.${encode(part(payload))}.${signature}`;
}

function parse(text: unknown, maxBytes = 8192): UnverifiedToken | Refusal {
  return parseToken(text, { maxBytes });
}

function assertRefused(text: unknown, reason: string, found?: RegExp): void {
  const result = parse(text);
  assert.ok(result instanceof Refusal, `parsed ${String(text).slice(0, 80)}`);
  assert.equal(result.reason, reason);
  if (found !== undefined) assert.match(result.found ?? "", found);
}

describe("parsing a token", () => {
  it("gives header, claims, signature and the signed text", () => {
    const text = compact({ alg: "ES256", kid: "k" }, { iss: "i", n: 1 });
    const token = parse(text);
    assert.ok(!(token instanceof Refusal));
    assert.equal(token.header.alg, "ES256");
    assert.equal(token.claims["n"], 1);
    assert.equal(Buffer.from(token.signature).toString(), "sig");
    assert.equal(token.signedText, text.slice(0, text.lastIndexOf(".")));
    assert.equal(token.headerSegment, text.slice(0, text.indexOf(".")));
  });

  it("refuses what is no string", () => {
    for (const value of [undefined, null, 1, {}, [], Buffer.from("a.b.c")])
      assertRefused(value, "malformed_token");
  });

  it("refuses text over the bound before it looks at it, and takes text at the bound", () => {
    const text = compact({ alg: "ES256" });
    const over = parse(text, text.length - 1);
    assert.ok(over instanceof Refusal && over.reason === "token_too_large");
    assert.ok(!(parse(text, text.length) instanceof Refusal));
    assertRefused(".".repeat(1_000_000), "token_too_large");
  });

  it("refuses every number of segments but three, and tells an encrypted token", () => {
    for (const text of ["", ".", "..", "a", "a.b", "a.b.c.d", "a.b.c.d.e.f"])
      assertRefused(text, "malformed_token");
    assertRefused("e30.AA.AA.AA.AA", "encryption_unsupported");
    assertRefused("e30..AA.AA.AA", "encryption_unsupported");
  });

  it("refuses each character outside the alphabet, and says where and not what", () => {
    const text = compact({ alg: "ES256" });
    for (const character of ["=", "+", "/", " ", "\n", "\t", "\u0000", "{", '"', "ä", "\ufeff"]) {
      assertRefused(`${text}${character}`, "malformed_token", new RegExp(`at position ${text.length}$`));
      assertRefused(`${character}${text}`, "malformed_token", /at position 0$/);
    }
  });

  it("refuses unused bits and impossible lengths in each segment", () => {
    const [header = "", payload = ""] = compact({ alg: "ES256" }, '{"iss":"ab"}').split(".");
    assertRefused(`${header}.${payload}.QR`, "malformed_token", /unused bits/);
    assertRefused(`${header}.${payload}.QQQQQ`, "malformed_token", /length/);
    const loose = encode('{"alg":"ES256"} ');
    assert.equal(loose.length % 4, 2);
    assertRefused(`${loose.slice(0, -1)}B.${payload}.QQ`, "malformed_token", /unused bits/);
    const loosePayload = encode('{"iss":"abcd"}');
    assert.equal(loosePayload.length % 4, 3);
    assertRefused(`${header}.${loosePayload.slice(0, -1)}${"1"}.QQ`, "malformed_token", /unused bits/);
  });

  it("refuses ill-formed UTF-8, other encodings and a byte order mark", () => {
    const header = encode('{"alg":"ES256"}');
    const bodies = [
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from('{"iss":"i"}', "utf16le"),
      Buffer.from('\ufeff{"iss":"i"}'),
    ];
    for (const body of bodies) assertRefused(`${header}.${encode(body)}.QQ`, "malformed_token");
  });

  it("refuses headers and payloads that are no object", () => {
    for (const value of ["[]", '"s"', "1", "null", "true", "", " "]) {
      assertRefused(compact({ alg: "ES256" }, value), "malformed_token");
      if (value !== "") assertRefused(compact(value), "malformed_token");
    }
  });

  it("refuses a header over its own bound", () => {
    const fill = (bytes: number): string => {
      const frame = JSON.stringify({ alg: "ES256", x: "" }).length;
      return JSON.stringify({ alg: "ES256", x: "y".repeat(bytes - frame) });
    };
    assert.ok(!(parse(compact(fill(MAX_HEADER_BYTES))) instanceof Refusal));
    assertRefused(compact(fill(MAX_HEADER_BYTES + 1)), "malformed_token");
  });

  it("uses a remembered header instead of decoding it again", () => {
    const known = { alg: "ES256", remembered: true };
    const token = parseToken(compact({ alg: "RS256" }), { maxBytes: 8192, knownHeader: () => known });
    assert.ok(!(token instanceof Refusal));
    assert.equal(token.header, known);
  });

  it("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => void parse(text)));
  });
});

describe("the header's rules", () => {
  const rows: readonly [name: string, header: unknown, reason: string][] = [
    ["no alg", {}, "malformed_token"],
    ["an empty alg", { alg: "" }, "malformed_token"],
    ["alg as an array", { alg: ["ES256"] }, "malformed_token"],
    ["alg as a number", { alg: 256 }, "malformed_token"],
    ["any crit", { alg: "ES256", crit: ["exp"], exp: 1 }, "critical_header_unsupported"],
    ["an empty crit", { alg: "ES256", crit: [] }, "critical_header_unsupported"],
    ["crit as a string", { alg: "ES256", crit: "exp" }, "critical_header_unsupported"],
    ["crit as null", { alg: "ES256", crit: null }, "critical_header_unsupported"],
    ["b64 without crit", { alg: "ES256", b64: false }, "critical_header_unsupported"],
    ["b64 as text", { alg: "ES256", b64: "true" }, "critical_header_unsupported"],
    ["kid as an object", { alg: "ES256", kid: {} }, "malformed_token"],
    ["kid as a number", { alg: "ES256", kid: 1 }, "malformed_token"],
    ["an empty kid", { alg: "ES256", kid: "" }, "malformed_token"],
    ["kid with a control character", { alg: "ES256", kid: "a\u0000b" }, "malformed_token"],
    ["kid of 257 characters", { alg: "ES256", kid: "k".repeat(257) }, "malformed_token"],
    ["typ as a number", { alg: "ES256", typ: 1 }, "malformed_token"],
    ["cty as an object", { alg: "ES256", cty: {} }, "malformed_token"],
    ["a nested token", { alg: "ES256", cty: "JWT" }, "type_mismatch"],
    ["a nested token by its media type", { alg: "ES256", cty: "application/jwt" }, "type_mismatch"],
  ];
  for (const [name, header, reason] of rows) {
    it(`refuse ${name}`, () => assertRefused(compact(header), reason));
  }

  it("take a kid of 256 characters and leave key headers unread", () => {
    const header = {
      alg: "ES256",
      kid: "k".repeat(256),
      jku: "https://evil.example",
      jwk: {},
      x5u: 1,
      cty: "text",
    };
    assert.ok(!(parse(compact(header)) instanceof Refusal));
  });
});

describe("inspecting a token", () => {
  it("decodes it and says that nothing is verified", () => {
    const inspection = inspectToken(compact({ alg: "ES256" }, { iss: "i" }));
    assert.ok(inspection.ok);
    assert.equal(inspection.verified, false);
    assert.equal(inspection.claims["iss"], "i");
    assert.equal(inspection.signatureBytes, 3);
  });

  it("gives the reason for what cannot be decoded", () => {
    const inspection = inspectToken("x");
    assert.ok(!inspection.ok);
    assert.equal(inspection.reason, "malformed_token");
  });
});
