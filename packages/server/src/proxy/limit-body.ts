import type { TransformCallback } from "node:stream";
import { Transform } from "node:stream";

/** The request's body is longer than the proxy takes. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** Passes at most `maxBytes` on, then fails with `BodyTooLargeError`. */
export function createBodyLimit(maxBytes: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      passed += chunk.length;
      if (passed > maxBytes) done(new BodyTooLargeError(`more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}
