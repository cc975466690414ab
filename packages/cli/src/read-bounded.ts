import type { Readable } from "node:stream";
import { CommandFailure } from "./command-failure.ts";
import { EXIT } from "./exit-code.ts";
import { describeFileError } from "./file-error.ts";

/** What is read, and how much of it. */
export interface ReadBounds {
  /** How messages call the stream. */
  readonly name: string;
  readonly maxBytes: number;
}

/**
 * Reads a stream to its end as UTF-8.
 *
 * @throws CommandFailure exit 2 where it cannot be read or holds more than `maxBytes`.
 */
export async function readBounded(stream: Readable, { name, maxBytes }: ReadBounds): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new CommandFailure(`cannot read ${name}: ${describeFileError(error)}`, { exitCode: EXIT.usage });
  }
  if (size <= maxBytes) return Buffer.concat(chunks).toString("utf8");
  throw new CommandFailure(`${name} holds more than ${maxBytes} bytes`, { exitCode: EXIT.usage });
}
