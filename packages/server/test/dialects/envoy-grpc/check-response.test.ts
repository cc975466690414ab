import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { writeAllowedCheck, writeDeniedCheck } from "../../../src/dialects/envoy-grpc/check-response.ts";
import { writePrincipal } from "../../../src/dialects/envoy-grpc/write-principal.ts";
import { decodeWire, listMessages, numberOf, textOf } from "../../kit/protobuf.ts";

describe("a CheckResponse that lets in", () => {
  const response = decodeWire(
    writeAllowedCheck({
      set: [["x-auth-subject", "ada"]],
      remove: ["x_auth_subject", "authorization"],
      toClient: [["DPoP-Nonce", "next"]],
      metadata: writePrincipal(undefined),
    }),
  );

  it("has code 0 and an ok_response, and no denied_response", () => {
    assert.equal(numberOf(listMessages(response, 1)[0], 1), 0);
    assert.deepEqual([...response.keys()].toSorted(), [1, 3, 4]);
  });

  it("overwrites headers for old and new Envoys alike, and removes others", () => {
    const [option] = listMessages(response, 3, 2);
    assert.ok(option !== undefined);
    assert.deepEqual(
      listMessages(option, 2).map((append) => append.size),
      [0],
      "append: false, written out",
    );
    assert.equal(numberOf(option, 3), 2, "OVERWRITE_IF_EXISTS_OR_ADD");
    const [header] = listMessages(option, 1);
    assert.deepEqual([textOf(header, 1), textOf(header, 2)], ["x-auth-subject", "ada"]);
    assert.equal(header?.has(3), false, "Envoy makes an empty header of raw_value");
    const removed = listMessages(response, 3)[0]?.get(5)?.map(String);
    assert.deepEqual(removed?.length, 2);
  });

  it("carries dynamic metadata", () => {
    const names = listMessages(response, 4, 1).map((entry) => textOf(entry, 1));
    assert.deepEqual(names, ["authenticated"]);
  });
});

describe("a CheckResponse that refuses", () => {
  const headers = [
    ["WWW-Authenticate", "Bearer"],
    ["WWW-Authenticate", "DPoP"],
  ] as const;
  const response = decodeWire(writeDeniedCheck({ code: 16, status: 401, headers, body: "{}" }));

  it("has a code that is not 0, and no ok_response", () => {
    assert.equal(numberOf(listMessages(response, 1)[0], 1), 16);
    assert.deepEqual([...response.keys()].toSorted(), [1, 2]);
  });

  it("carries status, body and every header, repeated ones too", () => {
    const [denied] = listMessages(response, 2);
    assert.ok(denied !== undefined);
    assert.equal(numberOf(listMessages(denied, 1)[0], 1), 401);
    assert.equal(textOf(denied, 3), "{}");
    const told = listMessages(denied, 2, 1).map((header) => [textOf(header, 1), textOf(header, 2)]);
    assert.deepEqual(told, headers);
  });

  it("cannot be written with code 0, which Envoy would take for a yes", () => {
    assert.throws(() => writeDeniedCheck({ code: 0, status: 401, headers: [], body: "" }), RangeError);
  });
});
