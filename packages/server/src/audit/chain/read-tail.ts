/** Where a file of the trail ends: what the next one goes on from. */

import { open } from "node:fs/promises";

import { type ChainPosition, hashLine, MAX_LINE_BYTES, type PreviousEnd, readLine } from "./chain-record.ts";

export interface FileTail {
  readonly position: ChainPosition;
  readonly chain: string;
  readonly file: number;
  readonly end: Exclude<PreviousEnd, "none">;
  readonly tornBytes: number;
}

const LINE_FEED = 0x0a;

/** Undefined where the file is not one of a trail. @throws Error where it cannot be read. */
export async function readTail(path: string): Promise<FileTail | undefined> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const readAt = async (start: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(Math.min(size - start, 2 * MAX_LINE_BYTES));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
      return buffer.subarray(0, bytesRead);
    };
    const head = await readAt(0);
    const tail = await readAt(Math.max(0, size - 2 * MAX_LINE_BYTES));
    const opened = readLine(head.subarray(0, Math.max(0, head.indexOf(LINE_FEED))).toString("utf8"));
    const lineEnd = tail.lastIndexOf(LINE_FEED);
    if (opened?.event !== "audit.opened" || lineEnd < 0) return undefined;
    const line = tail.subarray(lineEnd === 0 ? 0 : tail.lastIndexOf(LINE_FEED, lineEnd - 1) + 1, lineEnd);
    const last = readLine(line.toString("utf8"));
    const { chain, file } = opened.record;
    if (typeof chain !== "string" || typeof file !== "number") return undefined;
    const tornBytes = tail.length - lineEnd - 1;
    const closed = last?.event === "audit.closed";
    return {
      // What is no record any more was changed: the chain goes on from what stands there, and the change is found.
      position: { sequence: last?.sequence ?? opened.sequence, hash: hashLine(line) },
      chain,
      file,
      end: tornBytes > 0 ? "torn" : closed ? "closed" : "unclosed",
      tornBytes,
    };
  } finally {
    await handle.close();
  }
}
