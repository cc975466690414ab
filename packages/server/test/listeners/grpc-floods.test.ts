/** Floods on the gRPC door, and whatever bytes come: the connection ends, and others are served. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";

import { CHECK } from "../kit/grpc-client.ts";
import { openGrpcDoor } from "../kit/open-grpc-door.ts";
import { assertServes, connectSettled, EMPTY, NO_WINDOW } from "../kit/raw-grpc.ts";
import {
  connectRaw,
  END_HEADERS,
  END_STREAM,
  encodeHeaders,
  FRAME,
  type RawHttp2,
} from "../kit/raw-http2.ts";

const CANCEL = 8;

describe("floods on the gRPC door", () => {
  /** Writes until the door has closed the connection; fails where it takes all of them. */
  async function flood(address: string, write: (raw: RawHttp2, round: number) => void): Promise<void> {
    const raw = await connectSettled(address);
    for (let round = 0; round < 200 && !raw.isClosed(); round++) {
      write(raw, round);
      await delay(1);
    }
    assert.equal(raw.isClosed(), true, "the connection is still open");
    raw.destroy();
  }

  it("of resets end the connection, and nobody is asked", async () => {
    let asked = 0;
    const { door, address } = await openGrpcDoor({
      check: () => {
        asked += 1;
        return Buffer.alloc(0);
      },
    });
    await flood(address, (raw, round) => {
      for (let index = 0; index < 100; index++) {
        const stream = 2 * (round * 100 + index) + 1;
        raw.open(stream, { path: CHECK });
        raw.send("rstStream", { stream, payload: Buffer.from([0, 0, 0, CANCEL]) });
      }
    });
    assert.equal(asked, 0);
    await assertServes(address);
    await door.close(1000);
  });

  it("of what is empty, malformed or endless end the connection", async () => {
    const { door, address, log } = await openGrpcDoor();
    const floods: Readonly<Record<string, (raw: RawHttp2, round: number) => void>> = {
      "empty DATA": (raw, round) => {
        if (round === 0) raw.open(1, { path: CHECK });
        for (let index = 0; index < 50; index++) raw.send("data", { stream: 1 });
      },
      CONTINUATION: (raw, round) => {
        if (round === 0) raw.open(1, { path: CHECK, flags: 0 });
        else raw.send("continuation", { stream: 1, payload: encodeHeaders([["x", "y"]]) });
      },
      "streams beyond the bound": (raw, round) => {
        for (let index = 0; index < 100; index++) raw.open(2 * (round * 100 + index) + 1, { path: CHECK });
      },
      "long SETTINGS": (raw) => raw.send("settings", { payload: Buffer.alloc(6 * 17) }),
      "DATA on a stream that is over": (raw, round) => {
        if (round === 0) raw.open(1, { path: CHECK, flags: END_HEADERS | END_STREAM });
        for (let index = 0; index < 50; index++) raw.send("data", { stream: 1, payload: EMPTY });
      },
      "an even stream": (raw) => raw.open(2, { path: CHECK }),
      "DATA on stream 0": (raw) => raw.send("data", { stream: 0, payload: EMPTY }),
      "a frame that is too long": (raw) => raw.send("data", { stream: 1, payload: Buffer.alloc(20_000) }),
    };
    for (const [name, write] of Object.entries(floods)) {
      await flood(address, write).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`));
      await assertServes(address);
    }
    await door.close(1000);
    assert.deepEqual(log, []);
  });

  it("of PING and SETTINGS by a client that does not read end the connection", async () => {
    const { door, address } = await openGrpcDoor();
    for (const type of ["ping", "settings"] as const) {
      const raw = await connectSettled(address);
      raw.pause();
      const frame = { payload: Buffer.alloc(type === "ping" ? 8 : 0) };
      for (let round = 0; round < 3000 && !raw.isClosed(); round++) {
        for (let index = 0; index < 500; index++) raw.send(type, frame);
        await delay(0);
      }
      raw.resume();
      await raw.closed;
      await assertServes(address);
    }
    await door.close(1000);
  });

  it("of anything at all leave the door open for others", async () => {
    let asked = 0;
    const { door, address } = await openGrpcDoor({
      check: ({ message }) => {
        asked += 1;
        return message;
      },
    });
    const frames = fc.array(
      fc.record({
        type: fc.constantFrom(...(Object.keys(FRAME) as (keyof typeof FRAME)[])),
        flags: fc.constantFrom(0, 1, 4, 5, 8, 32, 255),
        stream: fc.constantFrom(0, 1, 1, 1, 3, 5, 2, 0x7fffffff),
        payload: fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.constantFrom(
            EMPTY,
            Buffer.alloc(8),
            NO_WINDOW,
            encodeHeaders([
              [":method", "POST"],
              [":path", CHECK],
            ]),
          ),
        ),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(frames, fc.boolean(), async (list, opens) => {
        const raw = await connectRaw(address);
        if (opens) raw.open(1, { path: CHECK });
        for (const { type, ...frame } of list) raw.send(type, frame);
        raw.end();
        await raw.closed;
        await assertServes(address);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 4000 },
    );
    assert.ok(asked >= 1);
    await door.close(1000);
  });
});
