import type { Readable } from "node:stream";

/**
 * Most bytes of one line that are kept. The engine's largest `limits.tokenBytes` is 65536, so a line that
 * was cut is always too large for it: the cut cannot turn a refusal into an acceptance.
 */
export const MAX_LINE_BYTES = 65_537;

const NEWLINE = 0x0a;

/**
 * Splits a byte stream at newlines and gives the lines of each chunk together, so that answers can be
 * flushed as input arrives. Bytes become characters one to one (a token is ASCII; what is not is refused
 * all the same). Only the newline divides: a carriage return belongs to the line. Text after the last
 * newline is a line where it is not empty.
 */
export async function* readLineBatches(stream: Readable): AsyncGenerator<readonly string[]> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(keepStart(rest, chunk.subarray(start, end)).toString("latin1"));
      rest = Buffer.alloc(0);
      start = end + 1;
    }
    rest = keepStart(rest, chunk.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [rest.toString("latin1")];
}

function keepStart(head: Buffer<ArrayBuffer>, tail: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([head, tail.subarray(0, MAX_LINE_BYTES - head.length)]);
}
