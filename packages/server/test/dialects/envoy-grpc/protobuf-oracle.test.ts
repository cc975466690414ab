/** What is read and written here beside what protobuf-es reads and writes, for whatever comes. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary, toJson } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import type { Accepted } from "countersign";
import fc from "fast-check";

import { InvalidMessage, MessageReader } from "../../../src/dialects/envoy-grpc/read-message.ts";
import {
  finishMessage,
  writeDouble,
  writeOctets,
  writeText,
  writeWhole,
} from "../../../src/dialects/envoy-grpc/write-message.ts";
import { writePrincipal } from "../../../src/dialects/envoy-grpc/write-principal.ts";

type Fields = readonly (readonly [field: number, text: string])[];

/** The length-delimited fields of one message, with the others left out; undefined where it is none. */
function readHere(bytes: Uint8Array, read: (reader: MessageReader) => string): Fields | undefined {
  const fields: (readonly [number, string])[] = [];
  const reader = new MessageReader(bytes);
  try {
    while (reader.next(reader.end)) fields.push([reader.field, read(reader)]);
    return fields;
  } catch (error) {
    assert.ok(error instanceof InvalidMessage, String(error));
    return undefined;
  }
}

function readThere(bytes: Uint8Array): Fields | undefined {
  const fields: (readonly [number, string])[] = [];
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (type === WireType.StartGroup || type === WireType.EndGroup) return undefined;
      if (type === WireType.LengthDelimited)
        fields.push([field, Buffer.from(reader.bytes()).toString("latin1")]);
      else reader.skip(type, field);
    }
    return reader.pos === reader.len ? fields : undefined;
  } catch {
    return undefined;
  }
}

const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });
const wellFormed = fc
  .array(
    fc.oneof(
      fc.tuple(fc.constant("bytes" as const), field, fc.uint8Array({ maxLength: 300 })),
      fc.tuple(fc.constant("varint" as const), field, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      fc.tuple(fc.constant("bit64" as const), field, fc.double()),
      fc.tuple(fc.constant("bit32" as const), field, fc.nat()),
    ),
    { maxLength: 8 },
  )
  .map((parts) => {
    const writer = new BinaryWriter();
    for (const [kind, number, value] of parts) {
      if (kind === "bytes") writer.tag(number, WireType.LengthDelimited).bytes(value);
      else if (kind === "varint") writer.tag(number, WireType.Varint).uint64(value);
      else if (kind === "bit64") writer.tag(number, WireType.Bit64).double(value);
      else writer.tag(number, WireType.Bit32).fixed32(value);
    }
    return writer.finish();
  });

describe("reading protobuf", () => {
  it("finds the fields that protobuf-es finds in what is well formed, as words or as texts", () => {
    fc.assert(
      fc.property(wellFormed, (bytes) => {
        const expected = readThere(bytes);
        assert.ok(expected !== undefined);
        assert.deepEqual(
          readHere(bytes, (reader) => reader.text()),
          expected,
        );
        assert.deepEqual(
          readHere(bytes, (reader) => reader.word()),
          expected,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("takes nothing that protobuf-es refuses, and gives the same of what both take", () => {
    const damaged = fc
      .tuple(wellFormed, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
      .map(([bytes, changes]) => {
        const message = Buffer.from(bytes);
        for (const [position, value] of changes)
          if (message.length > 0) message[position % message.length] = value;
        return message;
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        const fields = readHere(bytes, (reader) => reader.text());
        if (fields !== undefined) assert.deepEqual(fields, readThere(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it("refuses numbers that do not end, and fields without a number", () => {
    const endless = Buffer.alloc(11, 0xff);
    for (const bytes of [
      Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
      Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
      Buffer.concat([Buffer.from([0x08]), endless]),
      Buffer.from([0x02, 0x00]),
      Buffer.from([0x0a, 0x05, 0x61]),
      Buffer.from([0x09, 0x00]),
      Buffer.from([0x0d, 0x00]),
      Buffer.from([0x0e]),
    ]) {
      assert.equal(
        readHere(bytes, (reader) => reader.text()),
        undefined,
        bytes.toString("hex"),
      );
    }
  });

  it("never takes one word for another, whichever was there before", () => {
    const word = fc.stringMatching(/^[ab:~-]{0,6}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
        const bytes = Buffer.from(finishMessage(words.map((text) => writeText(1, text)).join("")));
        assert.deepEqual(
          readHere(bytes, (reader) => reader.word()),
          words.map((text) => [1, text]),
        );
      }),
      { numRuns: 500 },
    );
    // Equal length and hash: 31 * "a" + "B" is 31 * "b" + "#".
    for (const text of ["aB", "b#", "aB", "b#"]) {
      const bytes = finishMessage(writeText(1, text));
      assert.deepEqual(
        readHere(bytes, (reader) => reader.word()),
        [[1, text]],
      );
    }
  });
});

describe("writing protobuf", () => {
  it("writes the bytes that protobuf-es writes", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 200 }));
    fc.assert(
      fc.property(field, text, fc.nat(), fc.double(), (number, value, whole, double) => {
        const inner = writeText(number, value) + writeWhole(number, whole) + writeDouble(number, double);
        const writer = new BinaryWriter().tag(number, WireType.LengthDelimited).fork();
        writer.tag(number, WireType.LengthDelimited).string(value);
        writer.tag(number, WireType.Varint).uint32(whole);
        writer.tag(number, WireType.Bit64).double(double);
        const expected = Buffer.from(writer.join().finish());
        assert.equal(
          Buffer.from(finishMessage(writeOctets(number, inner))).toString("hex"),
          expected.toString("hex"),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("writes a principal that protobuf-es reads as a Struct", () => {
    const text = fc.string({ unit: "grapheme" });
    const somebody = fc.record({
      kind: fc.constantFrom("user" as const, "client" as const),
      issuer: text,
      subject: fc.option(text, { nil: undefined }),
      client: fc.option(text, { nil: undefined }),
      scopes: fc.array(text),
      roles: fc.array(text),
    });
    fc.assert(
      fc.property(somebody, text, fc.nat(), (principal, issuer, seconds) => {
        const verdict = {
          principal,
          token: { issuer, expiresAt: seconds * 1000 + 999 },
        } as unknown as Accepted;
        const { subject, client, ...rest } = principal;
        const expected = {
          authenticated: true,
          ...rest,
          issuer_name: issuer,
          ...(subject === undefined ? {} : { subject }),
          ...(client === undefined ? {} : { client }),
          expires_at: seconds,
        };
        const struct = fromBinary(StructSchema, finishMessage(writePrincipal(verdict)));
        assert.deepEqual(toJson(StructSchema, struct), expected);
      }),
      { numRuns: 300 },
    );
    const nobody = fromBinary(StructSchema, finishMessage(writePrincipal(undefined)));
    assert.deepEqual(toJson(StructSchema, nobody), { authenticated: false });
  });
});
