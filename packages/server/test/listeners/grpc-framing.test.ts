/** What gRPC asks of a server beyond what clients of gRPC send: openings, framing, and what is refused how. */

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";

import { MAX_CHECK_BYTES, MessageCollector } from "../../src/listeners/grpc-message.ts";
import { readOpening } from "../../src/listeners/grpc-opening.ts";
import { HEALTH_WATCH } from "../kit/grpc-client.ts";
import { callWire, connectWire, frameWire } from "../kit/grpc-wire.ts";
import { openGrpcDoor } from "../kit/open-grpc-door.ts";

const asked: Buffer[] = [];
const { door, address, log } = await openGrpcDoor({
  check: ({ message }) => {
    asked.push(Buffer.from(message));
    return Buffer.from("answer");
  },
});
const session = connectWire(address);
after(async () => {
  session.destroy();
  await door.close(1000);
  assert.deepEqual(log, []);
});

const EMPTY = frameWire(Buffer.alloc(0));

describe("the opening of a gRPC call", () => {
  it("must be a POST of gRPC with protobuf; else the answer is one of HTTP", async () => {
    for (const type of [
      "application/grpc",
      "application/grpc+proto",
      "application/grpc;x=y",
      "Application/GRPC",
    ]) {
      const answer = await callWire(session, { headers: { "content-type": type } });
      assert.deepEqual([answer.status, answer.grpcStatus, answer.resetCode], [200, 0, 0], type);
      assert.equal(answer.headers["content-type"], "application/grpc+proto");
      assert.deepEqual(answer.body, frameWire(Buffer.from("answer")));
    }
    for (const type of [
      "application/grpc-web",
      "application/grpc+json",
      "application/grpcx",
      "application/json",
      "",
    ]) {
      const answer = await callWire(session, { headers: { "content-type": type } });
      assert.deepEqual([answer.status, answer.grpcStatus], [415, undefined], type);
    }
    const other = await callWire(session, { headers: { ":method": "PUT" } });
    assert.deepEqual([other.status, other.grpcStatus], [405, undefined]);
  });

  it("must name a method that is there", async () => {
    for (const path of ["/envoy.service.auth.v2.Authorization/Check", "/", "/x/Check", "/__proto__"]) {
      const answer = await callWire(session, { headers: { ":path": path } });
      assert.deepEqual([answer.status, answer.grpcStatus], [200, status.UNIMPLEMENTED], path);
    }
  });

  it("may bound the call's time, in every unit", () => {
    const read = (timeout: string): unknown => {
      const opening = readOpening({
        ":method": "POST",
        "content-type": "application/grpc",
        "grpc-timeout": timeout,
      });
      return opening.kind === "call" ? opening.timeoutMs : opening.kind;
    };
    const units = { "1H": 3_600_000, "2M": 120_000, "3S": 3000, "200m": 200, "1500u": 2, "1n": 1, "0n": 0 };
    for (const [text, ms] of Object.entries(units)) assert.equal(read(text), ms, text);
    assert.equal(read("99999999H"), 99_999_999 * 3_600_000);
    for (const text of ["", "1", "m", "-1m", "1.5S", "123456789m", "1s", "1 m", "1mm"])
      assert.equal(read(text), "refused", text);
  });

  it("is refused where its time is no time, and ends where it is up", async () => {
    const bad = await callWire(session, { headers: { "grpc-timeout": "soon" } });
    assert.equal(bad.grpcStatus, status.INTERNAL);
    const late = await callWire(session, { headers: { "grpc-timeout": "30m" }, ends: false });
    assert.equal(late.grpcStatus, status.DEADLINE_EXCEEDED);
    const watch = await callWire(session, { headers: { ":path": HEALTH_WATCH, "grpc-timeout": "30m" } });
    assert.deepEqual([watch.body.length, watch.grpcStatus], [7, undefined]);
    // CANCEL: the answer has begun, and has no good end.
    assert.equal(watch.resetCode, 8);
    const longest = await callWire(session, { headers: { "grpc-timeout": "99999999H" } });
    assert.equal(longest.grpcStatus, 0);
  });
});

describe("the message of a gRPC call", () => {
  it("is the same in however many pieces it comes", async () => {
    const message = Buffer.from(Array.from({ length: 200 }, (_, index) => index));
    const whole = frameWire(message);
    for (const size of [1, 2, 3, 4, 5, 6, 64, 1000]) {
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
        whole.subarray(index * size, (index + 1) * size),
      );
      asked.length = 0;
      assert.equal((await callWire(session, { pieces })).grpcStatus, 0, `pieces of ${size}`);
      assert.deepEqual(asked, [message]);
    }
  });

  it("is one, whole, and not compressed", async () => {
    const compressed = frameWire(Buffer.from("x"), 1);
    const rows = [
      ["no message", [], {}, status.UNIMPLEMENTED],
      ["two messages", [EMPTY, EMPTY], {}, status.UNIMPLEMENTED],
      ["a byte too many", [EMPTY, Buffer.from([0])], {}, status.UNIMPLEMENTED],
      ["half a prefix", [EMPTY.subarray(0, 3)], {}, status.INTERNAL],
      ["half a message", [frameWire(Buffer.from("abc")).subarray(0, 7)], {}, status.INTERNAL],
      ["compressed", [compressed], { "grpc-encoding": "gzip" }, status.UNIMPLEMENTED],
      ["compressed, and it says not", [compressed], { "grpc-encoding": "identity" }, status.INTERNAL],
      ["compressed without a word", [compressed], {}, status.INTERNAL],
      [
        "a flag that does not exist",
        [frameWire(Buffer.alloc(0), 2)],
        { "grpc-encoding": "gzip" },
        status.INTERNAL,
      ],
    ] as const;
    asked.length = 0;
    for (const [name, pieces, headers, code] of rows) {
      const answer = await callWire(session, { pieces, headers });
      assert.deepEqual([answer.status, answer.grpcStatus], [200, code], name);
      assert.match(answer.headers["grpc-message"] ?? "", /^[\x20-\x24\x26-\x7e]+$/);
      const accepts = code === status.UNIMPLEMENTED ? "identity" : undefined;
      assert.equal(answer.headers["grpc-accept-encoding"], accepts, name);
    }
    assert.equal(asked.length, 0);
    // Who may compress need not.
    const answer = await callWire(session, { headers: { "grpc-encoding": "gzip" } });
    assert.equal(answer.grpcStatus, 0);
  });

  it("is refused by the length that it announces, before it has come", async () => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(MAX_CHECK_BYTES + 1, 1);
    const answer = await callWire(session, {
      pieces: [prefix],
      ends: false,
      headers: { "grpc-timeout": "5S" },
    }).then((told) => told.grpcStatus);
    assert.equal(answer, status.RESOURCE_EXHAUSTED);
    const longest = frameWire(Buffer.alloc(MAX_CHECK_BYTES, 7));
    asked.length = 0;
    assert.equal((await callWire(session, { pieces: [longest] })).grpcStatus, 0);
    assert.deepEqual([asked.length, asked[0]?.length], [1, MAX_CHECK_BYTES]);
  });

  it("is not read on once it is refused, and the connection goes on", async () => {
    const long = frameWire(Buffer.alloc(4 * MAX_CHECK_BYTES));
    const pieces = Array.from({ length: 64 }, (_, index) =>
      long.subarray(index * 65_536, (index + 1) * 65_536),
    );
    for (let count = 0; count < 20; count++) {
      const answer = await callWire(session, { pieces });
      assert.deepEqual([answer.grpcStatus, answer.resetCode], [status.RESOURCE_EXHAUSTED, 0]);
      assert.ok(answer.sentPieces < pieces.length / 2, `${answer.sentPieces} pieces of ${pieces.length}`);
    }
    assert.equal((await callWire(session)).grpcStatus, 0);
  });

  it("leaves no timer behind", async () => {
    await callWire(session);
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = count();
    for (let index = 0; index < 20; index++) await callWire(session, index % 2 === 0 ? {} : { pieces: [] });
    assert.ok(count() <= before + 2, `${count()} timers, and ${before} before`);
  });
});

describe("messages that come in pieces", () => {
  it("are gathered as they are, or refused, wherever they are cut", () => {
    const message = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(message, fc.array(fc.nat({ max: 310 }), { maxLength: 6 }), (bytes, cuts) => {
        const budget = { left: 10_000 };
        const collector = new MessageCollector(budget);
        const whole = frameWire(bytes);
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, whole.length)).toSorted((a, b) => a - b),
          whole.length,
        ];
        for (let index = 1; index < places.length; index++) {
          const piece = whole.subarray(places[index - 1], places[index]);
          if (piece.length > 0) assert.equal(collector.add(piece), undefined);
        }
        assert.deepEqual(collector.end(), Buffer.from(bytes));
        collector.release();
        assert.equal(budget.left, 10_000);
      }),
    );
  });

  it("share a budget, and give it back", () => {
    const budget = { left: 1000 };
    const whole = frameWire(Buffer.alloc(600));
    const first = new MessageCollector(budget);
    assert.equal(first.add(whole.subarray(0, 300)), undefined);
    assert.equal(budget.left, 1000, "a first piece is not copied");
    assert.equal(first.add(whole.subarray(300)), undefined);
    assert.ok(budget.left < 400 && budget.left >= 0);
    const second = new MessageCollector(budget);
    assert.equal(second.add(whole.subarray(0, 300)), undefined);
    const failure = second.add(whole.subarray(300));
    assert.equal(failure?.code, status.RESOURCE_EXHAUSTED);
    second.release();
    first.release();
    first.release();
    assert.equal(budget.left, 1000);
  });

  it("take no more room than a small multiple of what has come", () => {
    const budget = { left: MAX_CHECK_BYTES };
    const collector = new MessageCollector(budget);
    const announced = Buffer.alloc(6);
    announced.writeUInt32BE(MAX_CHECK_BYTES, 1);
    for (const byte of announced) assert.equal(collector.add(Buffer.from([byte])), undefined);
    assert.ok(MAX_CHECK_BYTES - budget.left < 100);
  });
});
