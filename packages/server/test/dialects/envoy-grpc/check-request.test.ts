import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";

import { MAX_HEADER_FIELDS } from "../../../src/decision/http-answer.ts";
import type { CheckRequest } from "../../../src/dialects/envoy-grpc/check-request.ts";
import { readCheckRequest } from "../../../src/dialects/envoy-grpc/check-request.ts";
import { InvalidMessage } from "../../../src/dialects/envoy-grpc/read-message.ts";
import { encodeCheck, encodeField, encodeVarint } from "../../kit/protobuf.ts";

const RECORDED = [
  "headers-get",
  "headers-duplicates",
  "headers-websocket",
  "headers-http2",
  "raw-get",
  "raw-duplicates",
  "raw-body-bytes",
  "raw-context",
  "raw-mtls",
] as const;

/** What Envoy 1.40 sent for a request, message by message as it came over the wire. */
function readRecorded(name: (typeof RECORDED)[number]): Buffer {
  return readFileSync(new URL(`./recorded/${name}.bin`, import.meta.url));
}

function namesOf({ rawHeaders }: CheckRequest): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 0);
}

function valuesOf({ rawHeaders }: CheckRequest, name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1] === name);
}

describe("a CheckRequest as Envoy sends it", () => {
  it("is read alike with and without encode_raw_headers", () => {
    for (const name of ["headers-get", "raw-get"] as const) {
      const check = readCheckRequest(readRecorded(name));
      assert.equal(check.method, "GET");
      assert.match(check.path, /^\/orders\/1\?/);
      assert.equal(check.host, "api.test");
      assert.equal(check.scheme, "http");
      assert.match(valuesOf(check, "authorization").join("|"), /^Bearer [^|,]+$/);
      assert.ok(namesOf(check).every((header) => !header.startsWith(":")));
      assert.deepEqual([check.hasTooManyFields, check.hasBothForms], [false, false]);
    }
  });

  it("keeps repeated headers where they are raw; else Envoy has joined them", () => {
    const raw = valuesOf(readCheckRequest(readRecorded("raw-duplicates")), "x-dup");
    const joined = valuesOf(readCheckRequest(readRecorded("headers-duplicates")), "x-dup");
    assert.ok(raw.length > 1, "repeated");
    assert.deepEqual(joined, [raw.join(",")]);
  });

  it("gives the client's certificate where Envoy checked one", () => {
    const check = readCheckRequest(readRecorded("raw-mtls"));
    assert.equal(check.scheme, "https");
    assert.equal(check.peerPrincipal, "spiffe://test/ns/default/sa/client");
    assert.match(check.peerCertificate, /^-----BEGIN%20CERTIFICATE-----/);
    assert.equal(readCheckRequest(readRecorded("raw-get")).peerPrincipal, "");
  });

  it("is read beside a body, context extensions and route metadata, which are skipped", () => {
    for (const name of ["raw-body-bytes", "raw-context"] as const) {
      assert.equal(readCheckRequest(readRecorded(name)).path, "/orders");
    }
  });

  it("never crashes where it is cut off, and never reads more than is there", () => {
    for (const name of RECORDED) {
      const bytes = readRecorded(name);
      for (let length = 0; length < bytes.length; length += 1) {
        const read = (): unknown => readCheckRequest(bytes.subarray(0, length));
        if (length === 0) read();
        else assert.throws(read, InvalidMessage, `${name} cut at ${length}`);
      }
    }
  });
});

describe("reading a CheckRequest", () => {
  it("keeps octets that are not UTF-8, as node's own parser does", () => {
    const check = readCheckRequest(encodeCheck({ rawHeaders: [["x-a", "caf\xe9\xff"]] }));
    assert.deepEqual(check.rawHeaders, ["x-a", "caf\xe9\xff"]);
  });

  it("tells of both forms of headers at once, and of too many", () => {
    const one = [["a", "b"]] as const;
    assert.equal(readCheckRequest(encodeCheck({ headers: one, rawHeaders: one })).hasBothForms, true);
    const most = Array.from({ length: MAX_HEADER_FIELDS }, () => ["a", "b"] as const);
    const pseudo = [":path", "/x"] as const;
    assert.equal(readCheckRequest(encodeCheck({ rawHeaders: [pseudo, ...most] })).hasTooManyFields, false);
    for (const form of ["headers", "rawHeaders"] as const) {
      const check = readCheckRequest(encodeCheck({ [form]: [...most, ["a", "b"]] }));
      assert.equal(check.hasTooManyFields, true, form);
      assert.equal(check.rawHeaders.length, 2 * MAX_HEADER_FIELDS, form);
    }
  });

  it("skips fields that it does not know, of every wire type but groups", () => {
    const unknown = Buffer.concat([
      Buffer.concat([encodeVarint(99 * 8), encodeVarint(300)]),
      Buffer.concat([encodeVarint(98 * 8 + 1), Buffer.alloc(8)]),
      Buffer.concat([encodeVarint(97 * 8 + 5), Buffer.alloc(4)]),
      encodeField(96, "later"),
    ]);
    assert.equal(readCheckRequest(Buffer.concat([unknown, encodeCheck({ path: "/y" })])).path, "/y");
    const group = Buffer.concat([encodeVarint(95 * 8 + 3), encodeVarint(95 * 8 + 4)]);
    assert.throws(() => readCheckRequest(Buffer.concat([group, encodeCheck({})])), InvalidMessage);
  });

  it("refuses a message that is longer than the one around it", () => {
    // The method, and a field that is skipped.
    for (const field of [2, 77]) {
      const inner = Buffer.concat([encodeVarint(field * 8 + 2), encodeVarint(50), Buffer.from("GET")]);
      // It swallows the next field whole, so that everything after it would be read as if nothing were wrong.
      const request = Buffer.concat([encodeField(2, inner), encodeField(9, "x".repeat(45))]);
      assert.throws(() => readCheckRequest(encodeField(1, encodeField(4, request))), InvalidMessage);
    }
    const inner = Buffer.concat([encodeVarint(2 * 8 + 2), encodeVarint(50), Buffer.from("GET")]);
    assert.throws(
      () =>
        readCheckRequest(
          Buffer.concat([encodeField(1, encodeField(4, encodeField(2, inner))), Buffer.alloc(99)]),
        ),
      InvalidMessage,
    );
  });

  it("reads or refuses whatever bytes come, and throws nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 600 }), (bytes, position) => {
        const mixed = Buffer.from(readRecorded("raw-get"));
        mixed.set(bytes.subarray(0, Math.max(0, mixed.length - position)), Math.min(position, mixed.length));
        for (const input of [bytes, mixed]) {
          try {
            readCheckRequest(input);
          } catch (error) {
            assert.ok(error instanceof InvalidMessage);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
