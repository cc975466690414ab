import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_LINE_BYTES, readLineBatches } from "../src/token-lines.ts";

async function readLines(chunks: readonly Buffer[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of readLineBatches(Readable.from(chunks, { objectMode: true })))
    lines.push(...batch);
  return lines;
}

test("lines are the same however the input is cut into chunks", async () => {
  const lineText = fc.string({ unit: fc.constantFrom("a", ".", "\r", " "), maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(lineText, { minLength: 1 }), fc.array(fc.nat(40)), async (lines, cuts) => {
      const input = Buffer.from(`${lines.join("\n")}\n`, "latin1");
      const places = [...new Set(cuts.map((cut) => cut % input.length))].sort((left, right) => left - right);
      const chunks = [0, ...places].map((place, index) =>
        input.subarray(place, places[index] ?? input.length),
      );
      assert.deepEqual(await readLines(chunks), lines);
    }),
  );
});

test("a last line without newline counts, an empty rest does not", async () => {
  assert.deepEqual(await readLines([Buffer.from("a\n\nb")]), ["a", "", "b"]);
  assert.deepEqual(await readLines([Buffer.from("a\n")]), ["a"]);
  assert.deepEqual(await readLines([]), []);
});

test("no more of a line is kept than the engine could accept", async () => {
  const chunks = Array.from({ length: 100 }, () => Buffer.alloc(10_000, "x"));
  const [line = "", next] = await readLines([...chunks, Buffer.from("\nnext")]);
  assert.equal(line.length, MAX_LINE_BYTES);
  assert.equal(next, "next");
});
