import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import fc from "fast-check";

import { FrameGate } from "../../src/proxy/frame-gate.ts";

interface Frame {
  readonly length: number;
  readonly masked: boolean;
}

function writeFrame({ length, masked }: Frame): Buffer {
  const bits = masked ? 0x80 : 0;
  const mask = masked ? [1, 2, 3, 4] : [];
  const payload = Buffer.alloc(length, 0x88);
  if (length < 126) return Buffer.concat([Buffer.from([0x82, bits | length, ...mask]), payload]);
  const size = Buffer.alloc(length < 65_536 ? 2 : 8);
  if (size.length === 2) size.writeUInt16BE(length);
  else size.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([
    Buffer.from([0x82, bits | (size.length === 2 ? 126 : 127)]),
    size,
    Buffer.from(mask),
    payload,
  ]);
}

const frame = fc.record({
  length: fc.oneof(fc.nat(200), fc.integer({ min: 65_530, max: 65_545 })),
  masked: fc.boolean(),
});

describe("FrameGate", () => {
  it("passes whole frames only before its close frame, however the octets are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(70_000), { maxLength: 8 }),
        fc.nat(10),
        async (frames, cuts, closeAfter) => {
          const written = frames.map(writeFrame);
          const octets = Buffer.concat(written);
          const places = [...new Set([0, ...cuts.map((cut) => cut % octets.length), octets.length])].sort(
            (left, right) => left - right,
          );
          const gate = new FrameGate(false);
          const passed: Buffer[] = [];
          gate.on("data", (chunk: Buffer) => passed.push(chunk));
          let sent = 0;
          const closeAt = closeAfter % places.length;
          for (const [index, place] of places.entries()) {
            if (index > 0) gate.write(octets.subarray(places[index - 1], place));
            if (index > 0 && index <= closeAt) sent = place;
            if (index === closeAt) gate.close(1008);
          }
          await once(gate, "end");
          const text = Buffer.concat(passed);
          // Everything up to the end of the frame that had begun, then the close frame.
          let end = 0;
          for (const one of written) if (end < sent) end += one.length;
          assert.deepEqual(
            text,
            Buffer.concat([octets.subarray(0, end), Buffer.from([0x88, 2, 0x03, 0xf0])]),
          );
          assert.equal(gate.isClosed, true);
          gate.destroy();
        },
      ),
      { numRuns: 200 },
    );
  });

  it("never takes a length beyond 2^53 for the end of a frame", () => {
    const gate = new FrameGate(false);
    gate.write(Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3]));
    gate.close(1008);
    assert.equal(gate.isClosed, false);
    gate.destroy();
  });
});
