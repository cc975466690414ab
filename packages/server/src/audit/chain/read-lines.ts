import { createReadStream } from "node:fs";

import { MAX_LINE_BYTES } from "./chain-record.ts";

export interface TextLine {
  readonly text: string;
  /** False for what stands after the last line feed. */
  readonly isWhole: boolean;
  /** True where it was longer than any line of a trail: what is given is its beginning. */
  readonly isTooLong: boolean;
}

const LINE_FEED = 0x0a;

/** Reads a file line by line, with no more in memory than a line and a piece. Octets as latin1: nothing is replaced. */
export async function* readLines(path: string): AsyncIterable<TextLine> {
  let rest = "";
  let isTooLong = false;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      yield { text: rest + piece.toString("latin1", start, end), isWhole: true, isTooLong };
      rest = "";
      isTooLong = false;
      start = end + 1;
    }
    const more = piece.toString("latin1", start);
    if (rest.length + more.length <= MAX_LINE_BYTES) rest += more;
    else isTooLong = true;
  }
  if (rest !== "" || isTooLong) yield { text: rest, isWhole: false, isTooLong };
}
