/** What the gRPC door does with connections that are no good: HTTP/2 frame by frame. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { CHECK, HEALTH_WATCH } from "../kit/grpc-client.ts";
import { callWire, connectWire } from "../kit/grpc-wire.ts";
import { openGrpcDoor } from "../kit/open-grpc-door.ts";
import { openSocket } from "../kit/open-socket.ts";
import { assertServes, connectSettled, EMPTY, isLastOf, NO_WINDOW, resetOf } from "../kit/raw-grpc.ts";
import {
  ACK,
  connectRaw,
  END_HEADERS,
  END_STREAM,
  encodeHeaders,
  FRAME,
  type HeaderList,
} from "../kit/raw-http2.ts";
import { waitFor } from "../kit/wait-for.ts";

const REFUSED_STREAM = 7;
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;

describe("a connection to the gRPC door that is no HTTP/2", () => {
  it("is closed where it speaks HTTP/1, TLS or nothing known", async () => {
    const { door, address, log } = await openGrpcDoor();
    const openings = [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".padEnd(200, "\0"),
    ];
    for (const text of openings) {
      const socket = openSocket(address, text);
      await waitFor(() => socket.isClosed());
      assert.doesNotMatch(socket.text(), /HTTP\/1|html/);
    }
    await assertServes(address);
    await door.close(1000);
    assert.deepEqual(log, []);
  });

  it("is closed where it says nothing", async () => {
    const { door, address } = await openGrpcDoor({ timing: { prefaceMs: 30 } });
    for (const greets of [false, true]) {
      const raw = await connectRaw(address, { greets: false });
      if (greets) raw.write(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
      await raw.closed;
    }
    await door.close(1000);
  });

  it("is closed where it does not answer PING, and stays where it does", async () => {
    const { door, address } = await openGrpcDoor({ timing: { keepaliveMs: 40, keepaliveTimeoutMs: 30 } });
    const alive = connectWire(address);
    const dead = await connectRaw(address);
    await dead.closed;
    assert.ok(dead.frames.some(({ type, flags }) => type === FRAME.ping && flags === 0));
    assert.equal((await callWire(alive)).grpcStatus, 0);
    assert.equal(alive.destroyed, false);
    alive.close();
    await door.close(1000);
  });
});

describe("streams of the gRPC door", () => {
  it("are so many at once and no more: one is refused to who may not know, and ends the connection of who does", async () => {
    const { door, address } = await openGrpcDoor();
    for (const knows of [false, true]) {
      const raw = knows ? await connectSettled(address) : await connectRaw(address);
      for (let index = 0; index < 1024; index++) raw.open(2 * index + 1, { path: CHECK });
      raw.send("data", { stream: 2047, flags: END_STREAM, payload: EMPTY });
      await raw.waitFor(isLastOf(2047));
      for (const stream of [2049, 2051]) raw.open(stream, { path: CHECK });
      if (knows) await raw.closed;
      else assert.equal(await resetOf(raw, 2051), REFUSED_STREAM);
      assert.equal(raw.frames.filter(({ type }) => type === FRAME.rstStream).length, knows ? 0 : 1);
      raw.destroy();
    }
    await assertServes(address);
    await door.close(1000);
  });

  it("are reset where their header section is too long or has too many fields, before anybody reads it", async () => {
    const { door, address } = await openGrpcDoor();
    const many: HeaderList = Array.from({ length: 70 }, (_, index) => [`x-${index}`, "y"] as const);
    const long: HeaderList = [
      ["x-long", "y".repeat(15_000)],
      ["x-more", "y".repeat(2000)],
    ];
    for (const more of [many, long]) {
      const raw = await connectSettled(address);
      raw.open(1, {
        path: CHECK,
        more: more.slice(0, more === many ? 50 : 1),
        flags: END_HEADERS | END_STREAM,
      });
      await raw.waitFor(({ type, stream }) => type === FRAME.headers && stream === 1);
      const payload = encodeHeaders([[":method", "POST"], ...more]);
      if (payload.length <= 16_384) raw.open(3, { path: CHECK, more });
      else {
        raw.send("headers", { stream: 3, payload: payload.subarray(0, 16_000) });
        raw.send("continuation", { stream: 3, flags: END_HEADERS, payload: payload.subarray(16_000) });
      }
      assert.equal(await resetOf(raw, 3), ENHANCE_YOUR_CALM);
      raw.destroy();
    }
    await assertServes(address);
    await door.close(1000);
  });

  it("may be reset at any time: what is answered later goes nowhere", async () => {
    const answers: ((message: Uint8Array) => void)[] = [];
    const { door, address, log } = await openGrpcDoor({
      check: () => new Promise((resolve) => void answers.push(resolve)),
    });
    const raw = await connectSettled(address);
    for (const [index, code] of [CANCEL, 2, 0].entries()) {
      const stream = 2 * index + 1;
      raw.open(stream, { path: CHECK });
      raw.send("data", { stream, flags: END_STREAM, payload: EMPTY });
      await waitFor(() => answers.length === index + 1);
      raw.send("rstStream", { stream, payload: Buffer.from([0, 0, 0, code]) });
    }
    raw.send("ping", { payload: Buffer.alloc(8) });
    await raw.waitFor(({ type, flags }) => type === FRAME.ping && flags === ACK);
    for (const answer of answers) answer(Buffer.from("late"));
    await delay(5);
    assert.ok(!raw.frames.some(({ type }) => type === FRAME.headers || type === FRAME.data));
    raw.destroy();
    await door.close(1000);
    assert.deepEqual(log, []);
  });

  it("are reset where their answer is not taken in time", async () => {
    const { door, address } = await openGrpcDoor({ timing: { maxCallMs: 60 } });
    const raw = await connectSettled(address, NO_WINDOW);
    raw.open(1, { path: CHECK });
    raw.send("data", { stream: 1, flags: END_STREAM, payload: EMPTY });
    assert.equal(await resetOf(raw, 1), CANCEL);
    assert.ok(!raw.frames.some(({ type }) => type === FRAME.data));
    // Nor is a message waited for that never ends, whatever its client says.
    raw.open(3, { path: CHECK, more: [["grpc-timeout", "1H"]] });
    raw.send("data", { stream: 3, payload: EMPTY.subarray(0, 2) });
    await raw.waitFor(isLastOf(3));
    raw.destroy();
    await door.close(1000);
  });

  it("that watch are told the last state only, once they read", async () => {
    let isServing = true;
    const { door, address } = await openGrpcDoor({ isServing: () => isServing });
    const raw = await connectSettled(address, NO_WINDOW);
    raw.open(1, { path: HEALTH_WATCH });
    raw.send("data", { stream: 1, flags: END_STREAM, payload: EMPTY });
    await raw.waitFor(({ type, stream }) => type === FRAME.headers && stream === 1);
    const reads = connectWire(address);
    const seen: number[] = [];
    const watch = reads.request({
      ":method": "POST",
      ":path": HEALTH_WATCH,
      "content-type": "application/grpc",
    });
    watch.on("error", () => {});
    watch.on("data", (chunk: Buffer) => seen.push(chunk.at(-1) ?? 0));
    watch.end(EMPTY);
    await waitFor(() => seen.length === 1);
    isServing = false;
    await waitFor(() => seen.length === 2);
    isServing = true;
    await waitFor(() => seen.length === 3);
    isServing = false;
    await waitFor(() => seen.length === 4);
    assert.deepEqual(seen, [1, 2, 1, 2]);
    raw.send("windowUpdate", { stream: 1, payload: Buffer.from([0, 0, 255, 255]) });
    const read = (): Buffer =>
      Buffer.concat(raw.frames.filter(({ type }) => type === FRAME.data).map(({ payload }) => payload));
    await waitFor(() => read().length >= 14);
    const told = Array.from({ length: read().length / 7 }, (_, index) => read()[7 * index + 6]);
    assert.deepEqual(told, [1, 2]);
    raw.destroy();
    reads.destroy();
    await door.close(1000);
  });
});

describe("the drain of the gRPC door", () => {
  it("tells each connection its last call, and ends those that never said a word", async () => {
    const answers: ((message: Uint8Array) => void)[] = [];
    const { door, address } = await openGrpcDoor({
      check: () => new Promise((resolve) => void answers.push(resolve)),
    });
    const silent = await connectRaw(address, { greets: false });
    const raw = await connectSettled(address);
    raw.open(1, { path: CHECK });
    raw.send("data", { stream: 1, flags: END_STREAM, payload: EMPTY });
    await waitFor(() => answers.length === 1);
    const closed = door.close(5000);
    await silent.closed;
    const goaway = await raw.waitFor(({ type }) => type === FRAME.goaway);
    assert.deepEqual([goaway.payload.readUInt32BE(0), goaway.payload.readUInt32BE(4)], [1, 0]);
    // A call that crosses the news is not begun.
    raw.open(3, { path: CHECK });
    raw.send("data", { stream: 3, flags: END_STREAM, payload: EMPTY });
    answers[0]?.(Buffer.from("answer"));
    await raw.waitFor(isLastOf(1));
    await closed;
    await raw.closed;
    assert.equal(answers.length, 1);
  });

  it("tells nobody to go before it may, but takes no more connections at once", async () => {
    const { door, address } = await openGrpcDoor();
    const raw = await connectSettled(address);
    let tell = (): void => {};
    const unheard = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const closed = door.close(5000, unheard);
    await assert.rejects(connectRaw(address), { code: "ECONNREFUSED" });
    raw.open(1, { path: CHECK });
    raw.send("data", { stream: 1, flags: END_STREAM, payload: EMPTY });
    await raw.waitFor(isLastOf(1));
    assert.ok(!raw.frames.some(({ type }) => type === FRAME.goaway));
    tell();
    await raw.waitFor(({ type }) => type === FRAME.goaway);
    await Promise.all([closed, raw.closed]);
  });
});
